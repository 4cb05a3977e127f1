defmodule Cantilever.Bench.Responsiveness.Goals do
  @moduledoc """
  What the kit promises, held against the figures of the arithmetic job.

      Cantilever.Bench.Responsiveness.Goals.of(cells)
      #=> [%{name: "p99 under 4 yielding callers to idle", value: 1.1, goal: "<= 1.25", met: true}, …]

  A ratio is the median of the rounds' own, as in the other benches.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Responsiveness.Report

  @doc "The goals, met or not."
  @spec of([Report.cell()]) :: [Bench.goal()]
  def of(cells) do
    [
      p99(cells, 4, :idle, "<=", 1.25),
      p99(cells, 4, :elixir, "<=", 1.2),
      p99(cells, 16, :elixir, "<=", 1.5)
    ] ++
      for callers <- [4, 16],
          goal <- [better(cells, callers), throughput(cells, callers), fairness(cells, callers)] do
        goal
      end
  end

  defp p99(cells, callers, other, side, limit) do
    name =
      "p99 under #{callers} yielding callers to #{if other == :idle, do: "idle", else: "pure Elixir"}"

    goal(name, cells, callers, {:kit_yielding, other}, :p99_us, side, limit)
  end

  defp better(cells, callers) do
    name = "p99 under #{callers} callers: rustler's DirtyCpu to yielding"
    goal(name, cells, callers, {:rustler_dirty, :kit_yielding}, :p99_us, ">=", 10)
  end

  defp throughput(cells, callers) do
    name = "calls/s of #{callers} callers: yielding to rustler's DirtyCpu"
    goal(name, cells, callers, {:kit_yielding, :rustler_dirty}, :calls_per_s, ">=", 1)
  end

  # Without enough calls to judge by, nobody has shown that the shares are fair.
  defp fairness(cells, callers) do
    {least, most} = figures(cells, callers, :kit_yielding).shares || {0.0, 1.0}
    name = "the share that is furthest from fair, of #{callers} yielding callers"
    Bench.goal(name, max(1 - least, most - 1), "<=", 0.1)
  end

  # The ratio of one way to the other. A round in which nothing could be measured (a p99 of 0 µs) would divide by zero.
  defp goal(name, cells, callers, {way, other}, key, side, limit) do
    [ours, theirs] =
      for way <- [way, other] do
        Enum.map(Map.fetch!(figures(cells, callers, way), key).rounds, &max(&1, 1))
      end

    Bench.goal(name, Bench.ratio(ours, theirs), side, limit)
  end

  defp figures(cells, callers, way) do
    cell =
      Enum.find(
        cells,
        &match?(%{job: :arithmetic, callers: ^callers, priority: :normal, way: ^way}, &1)
      )

    cell.figures
  end
end
