defmodule Cantilever.Bench.JSON.Neighbours do
  @moduledoc """
  How long other processes wait while four callers decode a large document over and over again.

      Cantilever.Bench.JSON.Neighbours.measure(codecs, text, quick?)
      #=> [%{key: :idle, title: "nothing runs", figures: %Cantilever.Bench.Figures{…}, …}, …]
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.{Figures, Progress, Reload}
  alias Cantilever.Bench.JSON.{Codecs, Collections, Ways}
  alias Cantilever.Responsiveness

  @callers 4

  @typedoc """
  `slices_ms` is the longest slice of each round, of the kit alone; `mb_per_s` of all callers together.
  """
  @type seen :: %{
          key: atom,
          title: String.t(),
          figures: Figures.t(),
          mb_per_s: [float],
          slices_ms: [float],
          collections: Collections.seen(),
          holds: non_neg_integer
        }

  @doc "Looks at the node in each of `Cantilever.Bench.JSON.Ways`, in turns."
  @spec measure([Codecs.t()], binary, Reload.compiled() | nil, boolean) :: [seen]
  def measure(codecs, text, library, quick?) do
    {rounds, duration_ms} = if quick?, do: {1, 2_500}, else: {5, 5_000}
    ways = Ways.all(codecs, text)
    {:ok, collections} = Collections.start_link()
    progress = Progress.new(length(ways) * rounds)

    measurements =
      for way <- ways do
        {way.key,
         fn ->
           :ok = Ways.prepare!(way, library)
           look = look(way, collections, duration_ms, library)
           :ok = Progress.step(progress)
           look
         end}
      end

    samples = Bench.rounds(measurements, rounds, warm_up: false)
    :ok = GenServer.stop(collections)
    for way <- ways, do: seen(way, Map.fetch!(samples, way.key))
  end

  defp look(way, collections, duration_ms, library) do
    _before = Collections.take(collections)
    _before = slices(library)
    options = [duration: duration_ms] ++ if(way.run, do: [concurrency: @callers], else: [])
    sample = Responsiveness.sample(way.run, options)
    %{sample: sample, collections: Collections.take(collections), slice_ms: slices(library)}
  end

  defp slices(nil), do: nil

  defp slices(_library) do
    {_count, longest_ns} = Cantilever.Native.take_slice_stats()
    longest_ns / 1_000_000
  end

  defp seen(way, looks) do
    samples = Enum.map(looks, & &1.sample)
    kit? = way.key in [:kit, :kit_sized, :kit_unsliced]

    %{
      key: way.key,
      title: way.title,
      figures: Figures.of(samples),
      mb_per_s: for(sample <- samples, do: sample.calls_per_s * way.bytes / 1_000_000),
      slices_ms: if(kit?, do: Enum.map(looks, & &1.slice_ms), else: []),
      collections: %{
        count: Enum.sum(for look <- looks, do: look.collections.count),
        longest_ms: Enum.max(for look <- looks, do: look.collections.longest_ms)
      },
      holds: Enum.sum(for sample <- samples, do: sample.hold_count)
    }
  end
end
