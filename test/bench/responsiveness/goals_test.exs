for file <- ~w(support/bench responsiveness/goals) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.GoalsTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench.Responsiveness.Goals

  defp cells(yielding) do
    for callers <- [4, 16],
        {way, values} <- [
          idle: [p99_us: 200],
          elixir: [p99_us: 210],
          rustler_dirty: [p99_us: 3_700, calls_per_s: 80.0],
          kit_yielding: yielding
        ] do
      cell(:arithmetic, callers, way, values)
    end
  end

  test "all of them are met by what they were made of" do
    goals = Goals.of(cells(p99_us: 220, calls_per_s: 140.0, shares: {0.97, 1.02}))
    assert length(goals) == 9
    assert Enum.all?(goals, & &1.met)
  end

  test "none of them is met by a slow, unfair function" do
    goals = Goals.of(cells(p99_us: 4_000, calls_per_s: 70.0, shares: {0.5, 1.5}))
    refute Enum.any?(goals, & &1.met)
  end

  test "fairness that could not be judged is not met" do
    [goal, _of_16] = for goal <- Goals.of(cells([])), goal.name =~ "fair", do: goal
    assert %{met: false, value: 1.0} = goal
  end

  test "a ratio is the median of the rounds' own" do
    cells =
      cells(p99_us: [200, 2_000, 220], shares: {1.0, 1.0})
      |> Enum.map(fn
        %{way: :idle} = cell -> %{cell | figures: figures(p99_us: [200, 2_000, 200])}
        cell -> cell
      end)

    assert %{value: 1.0} =
             Enum.find(Goals.of(cells), &(&1.name == "p99 under 4 yielding callers to idle"))
  end

  test "other jobs and priorities do not count" do
    others = [
      cell(:records, 4, :kit_yielding, p99_us: 9_999),
      cell(:arithmetic, 4, :kit_yielding, [p99_us: 9_999], :low)
    ]

    mine = cells(p99_us: 220, calls_per_s: 140.0, shares: {0.97, 1.02})
    assert Goals.of(others ++ mine) == Goals.of(mine)
  end
end
