defmodule Cantilever.Bench.JSON.Ways do
  @moduledoc """
  What four callers do while the neighbours are looked at: nothing, pure Elixir, and decoding in every way there is.

  The kit decodes as it is, in processes that are made for one document each and have a heap that it fits into, and with
  the longest slices that the kit allows, which is the yielding as good as turned off.
  """

  alias Cantilever.Bench.{Calibrate, Reload}
  alias Cantilever.Bench.JSON.{Codecs, Heap}
  alias Cantilever.Bench.Responsiveness.Arithmetic

  @elixir_us 20_000
  @longest_slice_us 2_000

  @typedoc "`run` is nil where nothing runs; `bytes` is what one run decodes, 0 where that is not JSON."
  @type t :: %{
          key: atom,
          title: String.t(),
          run: (() -> term) | nil,
          bytes: non_neg_integer,
          settings: keyword
        }

  @doc "All of them that there are on this machine, decoding `text`."
  @spec all([Codecs.t()], binary) :: [t]
  def all(codecs, text) do
    squares = Calibrate.input(&Arithmetic.sum_of_squares/1, 500_000, @elixir_us)
    {kit, others} = codecs |> Codecs.of_json() |> Enum.split_with(&(&1.key == :kit))

    [
      way(:idle, "nothing runs", nil, 0),
      way(:arithmetic, "pure Elixir, arithmetic", fn -> Arithmetic.sum_of_squares(squares) end, 0)
    ] ++
      for(codec <- others, do: decoding(codec.key, codec.name, codec, text)) ++
      Enum.flat_map(kit, &of_kit(&1, text))
  end

  @doc "Has the kit's library work as the way wants it. Nobody may be in it."
  @spec prepare!(t, Reload.compiled() | nil) :: :ok
  def prepare!(_way, nil), do: :ok
  def prepare!(way, library), do: Reload.with_settings!(library, way.settings)

  @doc """
  The settings of slices as good as turned off.
  """
  @spec unsliced() :: keyword
  def unsliced, do: [slice_us: @longest_slice_us]

  defp of_kit(codec, text) do
    heap = Heap.for_result_of(fn -> codec.decode.(text) end, byte_size(text))

    in_sized = fn ->
      Heap.run(heap, fn ->
        _ = codec.decode.(text)
        :ok
      end)
    end

    [
      decoding(:kit, codec.name, codec, text),
      way(:kit_sized, "#{codec.name}, sized heaps", in_sized, byte_size(text)),
      %{
        decoding(:kit_unsliced, "#{codec.name}, slices of 2 ms", codec, text)
        | settings: unsliced()
      }
    ]
  end

  defp decoding(key, title, codec, text) do
    way(key, title, fn -> codec.decode.(text) end, byte_size(text))
  end

  defp way(key, title, run, bytes) do
    %{key: key, title: title, run: run, bytes: bytes, settings: []}
  end
end
