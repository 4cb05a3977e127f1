for file <- ~w(support/markdown responsiveness/ways responsiveness/plan responsiveness/shortfalls) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.ShortfallsTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells

  alias Cantilever.Bench.Responsiveness.Shortfalls

  defp list(cells), do: cells |> Shortfalls.list() |> IO.iodata_to_binary()

  test "names the best of the others, and by how much it is better" do
    assert list([
             cell(:arithmetic, 4, :elixir, p99_us: 5_000, calls_per_s: 1_000.0),
             cell(:arithmetic, 4, :rustler_dirty, p99_us: 3_700, calls_per_s: 80.0),
             cell(:arithmetic, 4, :port, p99_us: 9_000, calls_per_s: 70.0),
             cell(:arithmetic, 4, :kit_parallel, p99_us: 9_800, calls_per_s: 60.0)
           ]) ==
             "  * arithmetic, 4 callers: kit, parallel: p99 9.80 ms, 2.65 times that of rustler, DirtyCpu (3.70 ms); " <>
               "60.0 calls/s, 0.75 times those of rustler, DirtyCpu (80.0).\n"
  end

  test "leaves out what nobody would notice, and what is as good" do
    assert list([
             cell(:records, 1, :idle, p99_us: 10),
             cell(:records, 1, :rustler_dirty, p99_us: 10, calls_per_s: 100.0),
             cell(:records, 1, :kit_dirty, p99_us: 50, calls_per_s: 96.0)
           ]) =~ "Nowhere"
  end

  test "compares within a group only" do
    assert list([
             cell(:records, 1, :rustler_dirty, p99_us: 10),
             cell(:records, 4, :kit_dirty, p99_us: 5_000)
           ]) =~ "Nowhere"
  end

  test "tells of callers that got less than their share" do
    assert list([cell(:arithmetic, 16, :kit_yielding, shares: {0.8, 1.05})]) ==
             "  * arithmetic, 16 callers: kit, Yielding: its callers got between 0.80 and 1.05 of the mean.\n"
  end
end
