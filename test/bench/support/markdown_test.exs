Code.require_file("../../../bench/support/bench.exs", __DIR__)
Code.require_file("../../../bench/support/markdown.exs", __DIR__)

defmodule Cantilever.Bench.MarkdownTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench
  alias Cantilever.Bench.Markdown

  test "a table has text in its first column and figures in the others" do
    assert ["", "ms"] |> Markdown.table([["idle", "0.06"]]) |> IO.iodata_to_binary() ==
             "| | ms |\n|---|---:|\n| idle | 0.06 |\n"
  end

  test "figures have as many digits as say something" do
    assert Enum.map([0.064, 12.345, 123.4, 1_234_567], &Markdown.figure/1) ==
             ["0.06", "12.3", "123", "1,234,567"]

    assert Enum.map([64, 12_345, 1_234_567], &Markdown.ms/1) == ["0.06", "12.3", "1,235"]
  end

  test "a bar in a cell does not end it" do
    assert ["a"] |> Markdown.table([["x|y"]]) |> IO.iodata_to_binary() =~ "| x\\|y |"
  end

  test "a figure is rounded before its digits are chosen" do
    assert Markdown.figure(9.996) == "10.0"
    assert Markdown.figure(99.96) == "100"
    assert Markdown.figure(999.6) == "1,000"
  end

  test "goals say whether they are met" do
    goals = [Bench.goal("quick", 1.0, "<=", 2), Bench.goal("many", 1.0, ">=", 2)]

    assert goals
           |> Markdown.goals()
           |> IO.iodata_to_binary()
           |> String.split("\n")
           |> Enum.drop(2) == [
             "| quick | 1.00 | <= 2 | met |",
             "| many | 1.00 | >= 2 | **NOT MET** |",
             ""
           ]
  end
end
