for file <-
      ~w(support/bench support/markdown responsiveness/ways responsiveness/plan responsiveness/shortfalls
               responsiveness/report) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.ReportTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench
  alias Cantilever.Bench.Responsiveness.Report

  defp cells do
    [
      cell(:arithmetic, 4, :idle, p50_us: 60, p99_us: 160),
      cell(:arithmetic, 4, :elixir, calls_per_s: 98.76, hold_ms: 3, shares: {0.95, 1.046}),
      cell(:arithmetic, 4, :kit_yielding, calls_per_s: 1_234.0),
      cell(:records, 1, :kit_yielding, [], :low)
    ]
  end

  test "the table has a row for each way, under its group" do
    assert cells()
           |> Report.table()
           |> IO.iodata_to_binary()
           |> String.split("\n")
           |> Enum.drop(2) == [
             "| **arithmetic, 4 callers** | | | | | | | |",
             "| nothing runs | 0.06 | 0.16 | 0.30 | 0.40 | | | |",
             "| pure Elixir | 0.10 | 0.20 | 0.30 | 0.40 | 3 | (98.8) | 95 to 105 % |",
             "| kit, Yielding | 0.10 | 0.20 | 0.30 | 0.40 | – | 1,234 | |",
             "| **records, 1 caller, low priority** | | | | | | | |",
             "| kit, Yielding | 0.10 | 0.20 | 0.30 | 0.40 | – | 100 | |",
             ""
           ]
  end

  test "the page says what it was measured on, what a job is, which goals are missed and where the kit is worse" do
    about = %{
      machine: machine(),
      goals: [Bench.goal("a goal", 2, "<=", 1)],
      notes: ["a job: so many squares"]
    }

    page = cells() |> Report.page(about) |> IO.iodata_to_binary()

    assert page =~ "2 cores of a CPU (Linux 6), OTP 25.2"
    assert page =~ "  * a job: so many squares.\n"
    assert page =~ "| a goal | 2.00 | <= 1 | **NOT MET** |"
    assert page =~ "## Where the kit is worse\n\nNowhere"
  end

  test "the records have p99 and calls round by round, idle has no calls" do
    names = cells() |> Report.results() |> Enum.map(& &1.name)

    assert names == [
             "arithmetic, 4 callers: nothing runs: p99",
             "arithmetic, 4 callers: pure Elixir: p99",
             "arithmetic, 4 callers: pure Elixir: calls",
             "arithmetic, 4 callers: kit, Yielding: p99",
             "arithmetic, 4 callers: kit, Yielding: calls",
             "records, 1 caller, low priority: kit, Yielding: p99",
             "records, 1 caller, low priority: kit, Yielding: calls"
           ]
  end
end
