defmodule Cantilever.Responsiveness.CurveTest do
  use ExUnit.Case, async: true

  alias Cantilever.MadeUpReport
  alias Cantilever.Responsiveness.Curve
  alias Cantilever.Responsiveness.Histogram
  alias Cantilever.XML

  defp points(numbers),
    do: numbers |> Enum.reduce(Histogram.new(), &Histogram.add(&2, &1)) |> Curve.points()

  describe "points/1" do
    test "begins each share where the one before ends" do
      assert points([10, 10, 20, 30]) == [{0.0, 10}, {50.0, 20}, {75.0, 30}, {87.5, 30}]
    end

    test "ends below 100 %" do
      assert points([5]) == [{0.0, 5}, {50.0, 5}]
      assert List.last(points(1..100)) == {99.5, 100}
      assert points([]) == []
    end
  end

  describe "svg/1" do
    test "shows the three ways, and says their figures to screen readers" do
      elements = XML.elements!(Curve.svg(MadeUpReport.fails()))
      texts = for %{name: :text, text: text} <- elements, do: text
      for name <- ["idle", "pure Elixir", "this call", "99 %", "1 ms"], do: assert(name in texts)
      description = Enum.find(elements, &(&1.name == :desc)).text
      assert description =~ "this call: p50 8.06 ms, p99 134 s, longest 134 s."
    end
  end
end
