defmodule Cantilever.Bench.JSON.Memory.Child do
  @moduledoc false
  # The part that runs in a VM of its own, in which nothing else happens.

  alias Cantilever.Bench.JSON.{Codecs, Heap}

  @status "/proc/self/status"
  @word_bytes :erlang.system_info(:wordsize)
  # Longer strings are kept outside of the heap.
  @most_on_heap 64

  # How far the memory of the whole VM rises while `file` is decoded, and what the terms take of it, in bytes.
  @spec measure(atom, Path.t(), Heap.t()) :: %{rise: integer, terms: non_neg_integer}
  def measure(key, file, heap) do
    codec = Enum.find(Codecs.available(), &(&1.key == key))
    text = File.read!(file)
    # Loads what is loaded by the first call.
    _ = codec.decode.("[1]")
    Enum.each(Process.list(), &:erlang.garbage_collect/1)

    # From now on the kernel notes the peak anew.
    :ok = File.write!("/proc/self/clear_refs", "5")
    before = bytes("VmRSS")

    Heap.run(heap, fn ->
      term = codec.decode.(text)
      peak = bytes("VmHWM")
      on_heap = :erts_debug.size_shared(term) * @word_bytes
      %{rise: peak - before, terms: on_heap + beside_heap(term, byte_size(text))}
    end)
  end

  defp bytes(field) do
    [_line, kb] = Regex.run(~r/^#{field}:\s+(\d+) kB$/m, File.read!(@status))
    String.to_integer(kb) * 1_024
  end

  # A part of the input takes no memory of its own.
  defp beside_heap(map, input) when is_map(map) do
    :maps.fold(
      fn key, value, sum -> sum + beside_heap(key, input) + beside_heap(value, input) end,
      0,
      map
    )
  end

  defp beside_heap(list, input) when is_list(list) do
    Enum.reduce(list, 0, &(&2 + beside_heap(&1, input)))
  end

  defp beside_heap(text, input) when is_binary(text) and byte_size(text) > @most_on_heap do
    if :binary.referenced_byte_size(text) == input, do: 0, else: byte_size(text)
  end

  defp beside_heap(_other, _input), do: 0
end
