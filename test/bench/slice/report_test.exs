for file <- ~w(support/bench support/markdown slice/choice slice/report) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Slice.ReportTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench.Slice.Report

  defp points do
    for {slice_us, p99_us} <- [{20, 200}, {100, 900}], callers <- [1, 4] do
      %{slice_us: slice_us, callers: callers, figures: figures(p99_us: [p99_us, p99_us, 9_000])}
    end
  end

  test "the table has a row for each length and the medians of the rounds" do
    table = points() |> Report.table(figures(p99_us: 150)) |> IO.iodata_to_binary()

    assert String.split(table, "\n") == [
             "| slice, µs | p99, 1 caller | p99.9 | calls/s | p99, 4 callers | p99.9 | calls/s |",
             "|---|---:|---:|---:|---:|---:|---:|",
             "| nothing runs | 0.15 | 0.30 | | 0.15 | 0.30 | |",
             "| 20 | 0.20 | 0.30 | 100 | 0.20 | 0.30 | 100 |",
             "| 100 | 0.90 | 0.30 | 100 | 0.90 | 0.30 | 100 |",
             ""
           ]
  end

  test "the conclusion names a length and the rule" do
    idle = figures(p99_us: [180, 180, 180])
    assert Report.choice(points(), idle) == {:ok, 20, 1.0}

    assert Report.conclusion(points(), idle) =~
             ~r/speak for \*\*20 µs\*\*: the longest slice whose p99 .* node\. Its throughput is 1\.0 of/
  end

  test "the page and the plot are of the same figures" do
    page = points() |> Report.page(figures([]), machine()) |> IO.iodata_to_binary()
    assert page =~ Report.conclusion(points(), figures([]))
    svg = points() |> Report.svg(figures([])) |> IO.iodata_to_binary()
    assert svg =~ "4 callers"
    assert svg =~ "calls per second"
  end
end
