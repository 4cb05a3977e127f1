for file <- ~w(support/bench support/markdown tail/variants tail/report) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Tail.ReportTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench.Tail.{Report, Variants}

  test "the page has the variants by callers, and says what was left out and why" do
    [variant | _others] = Variants.all(2)

    cells =
      for callers <- [4, 16], do: %{variant: variant, callers: callers, figures: figures([])}

    refused = [{"pool of 2 with low priority", "not permitted"}]
    about = %{machine: machine(), left_out: refused}
    page = cells |> Report.page(figures([]), about) |> IO.iodata_to_binary()

    assert page =~ """
           | nothing runs | 0.10 | 0.20 | 0.30 | 0.40 | |
           | **4 callers** | | | | | |
           | DirtyCpu | 0.10 | 0.20 | 0.30 | 0.40 | 100 |
           | **16 callers** | | | | | |
           | DirtyCpu | 0.10 | 0.20 | 0.30 | 0.40 | 100 |
           """

    assert page =~ "  * pool of 2 with low priority: left out, not permitted.\n"
  end
end
