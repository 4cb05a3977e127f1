defmodule Cantilever.Bench.JSON.Heap do
  @moduledoc """
  Runs a decode in a process whose heap has room for the result from the beginning, so that nothing is collected.

      heap = Cantilever.Bench.JSON.Heap.for_result_of(fn -> decode.(text) end, byte_size(text))
      Cantilever.Bench.JSON.Heap.run(heap, fn -> decode.(text) end)
  """

  # What is built on the way to the result must have room, too: of jiffy's that is twice as much again. Memory that is
  # never written to costs nothing.
  @room 4

  @type t :: [{:min_heap_size | :min_bin_vheap_size, pos_integer}]

  @doc "The options of `spawn_opt/2` for a process that makes what `work` gives, of an input of so many bytes."
  @spec for_result_of((() -> term), pos_integer) :: t
  def for_result_of(work, bytes) do
    words = run([], fn -> :erts_debug.size_shared(work.()) end)
    # Of strings that are kept outside of the heap the VM counts the bytes, as words.
    [min_heap_size: @room * words, min_bin_vheap_size: @room * div(bytes, 8) + 1]
  end

  @doc "What `work` gives, if it is small: it runs in a process of its own, and its result is sent."
  @spec run(t, (() -> result)) :: result when result: term
  def run(heap, work) do
    {pid, monitor} = :erlang.spawn_opt(fn -> exit({:done, work.()}) end, [:monitor | heap])

    receive do
      {:DOWN, ^monitor, :process, ^pid, {:done, result}} -> result
      {:DOWN, ^monitor, :process, ^pid, reason} -> exit(reason)
    end
  end
end
