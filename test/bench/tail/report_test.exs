for file <- ~w(support/bench support/markdown tail/variants tail/report) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Tail.ReportTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench.Tail.{Report, Variants}

  test "the page has the variants by callers, and by what runs beside them" do
    [variant | _others] = Variants.all(2)

    cells =
      for {callers, elixir} <- [{4, 0}, {16, 0}, {4, 1}] do
        %{variant: variant, callers: callers, elixir: elixir, figures: figures([])}
      end

    page = cells |> Report.page(figures([]), machine()) |> IO.iodata_to_binary()

    assert page =~ """
           | nothing runs | 0.10 | 0.20 | 0.30 | 0.40 | |
           | **4 callers** | | | | | |
           | DirtyCpu | 0.10 | 0.20 | 0.30 | 0.40 | 100 |
           | **16 callers** | | | | | |
           | DirtyCpu | 0.10 | 0.20 | 0.30 | 0.40 | 100 |
           | **4 callers, beside 1 process that computes in Elixir** | | | | | |
           | DirtyCpu | 0.10 | 0.20 | 0.30 | 0.40 | 100 |
           """
  end
end
