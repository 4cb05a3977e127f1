Code.require_file("../../../bench/support/figures.exs", __DIR__)

defmodule Cantilever.Bench.FiguresTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Figures
  alias Cantilever.Responsiveness

  test "shares are parts of the mean, where there were calls enough to judge by" do
    assert Figures.shares([90, 110]) == {0.9, 1.1}
    assert Figures.shares([9, 11]) == nil
    assert Figures.shares([]) == nil
  end

  test "the figures of several rounds keep each round's own" do
    samples =
      for _round <- 1..2,
          do: Responsiveness.sample(fn -> Enum.sum(1..100) end, duration: 30, concurrency: 2)

    figures = Figures.of(samples)

    assert figures.p99_us.rounds == Enum.map(samples, & &1.p99_us)
    assert figures.max_us.value == samples |> Enum.map(& &1.max_us) |> Enum.max()
    assert figures.p50_us.value <= figures.p99_us.value
    assert length(figures.calls_per_s.rounds) == 2
    assert figures.calls_per_s.value > 0
  end

  test "nobody called in an idle sample, so that there are no shares" do
    assert %{shares: nil, hold_ms: nil} = Figures.of([Responsiveness.sample(nil, duration: 20)])
  end
end
