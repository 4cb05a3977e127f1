for file <- ~w(support/bench support/figures support/markdown json/comparison json/report) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.JSON.ReportTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells, only: [figures: 1]

  alias Cantilever.Bench.JSON.Report

  @codecs [%{key: :jiffy, name: "jiffy 1"}, %{key: :floor, name: "floor"}]

  defp speed do
    samples =
      for {name, bytes} <- [{"a", 100}, {"b", 400}, {"c", 50}, {"message", 100}],
          {codec, ns_per_byte} <- [jiffy: 10, floor: 1] do
        {{codec, name}, [bytes * ns_per_byte, bytes * ns_per_byte]}
      end

    bytes = %{"a" => 100, "b" => 400, "c" => 50, "message" => 100}
    rust = %{{"jiter", "a"} => [50], {"jiter", "b"} => [200], {"jiter", "c"} => [25]}
    both = &%{decode: &1, encode: &1}

    Map.merge(both.(Map.new(samples)), %{floors: both.(rust), bytes: both.(bytes)})
  end

  defp neighbours do
    %{
      key: :kit,
      title: "kit",
      figures: figures(p99_us: 300),
      mb_per_s: [200.0, 210.0],
      slices_ms: [0.5, 0.04],
      collections: %{count: 3, longest_ms: 17},
      holds: 2
    }
  end

  defp memory, do: %{key: :kit, title: "kit", rise: 50_000_000, terms: 30_000_000, besides: 2.0}

  test "a table of speed has the documents, the means of the first ones, and what the message takes" do
    lines =
      speed()
      |> Report.speed(@codecs, ["a", "b"], ["c"])
      |> IO.iodata_to_binary()
      |> String.split("\n")

    assert Enum.map(Enum.take(lines, 6), &String.split(&1, ~r/\s{2,}/)) == [
             ["decode, MB/s of JSON", "jiffy 1", "floor", "Rust: jiter"],
             ["a", "100", "1,000", "2,000"],
             ["b", "100", "1,000", "2,000"],
             ["geometric mean of these", "100", "1,000", "2,000"],
             ["c", "100", "1,000", "2,000"],
             ["a message of 100 bytes: jiffy 1 1000 ns, floor 100 ns"]
           ]
  end

  test "a table of neighbours has what they waited for, and why" do
    [_head, row, ""] =
      [neighbours()] |> Report.neighbours() |> IO.iodata_to_binary() |> String.split("\n")

    assert String.split(row, ~r/\s{2,}/) ==
             ["kit", "0.10", "0.30", "0.30", "0.40", "205", "0.04", "2", "3", "17"]
  end

  test "a machine that is busy with something else is told of" do
    elixir = %{neighbours() | key: :arithmetic}
    busy = %{elixir | figures: figures(p99_us: [1_001, 5_000])}

    assert IO.iodata_to_binary(Report.neighbours([busy])) =~ "Other programs"
    refute IO.iodata_to_binary(Report.neighbours([elixir])) =~ "Other programs"
  end

  test "a table of memory tells what is not terms" do
    assert [memory()] |> Report.memory(20_000_000) |> IO.iodata_to_binary() =~
             ~r/kit +50.0 +30.0 +2.00 inputs/
  end

  test "everything is in the records" do
    slicing = %{sliced: [1.0e6], unsliced: [1.0e6]}
    results = Report.results(speed(), [neighbours()], slicing, [memory()])
    by_name = Map.new(results, &{&1.name, {&1.value, &1.unit}})

    assert by_name["decode, b, jiffy"] == {100.0, "MB/s"}
    assert by_name["encode, a, jiter"] == {2_000, "MB/s"}
    assert by_name["kit: p99"] == {300, "us"}
    assert by_name["kit: longest slice"] == {0.27, "ms"}
    assert by_name["20 MB, one caller, sliced"] == {1.0, "ms"}
    assert by_name["memory, kit: terms"] == {30_000_000, "bytes"}
    assert map_size(by_name) == length(results)
  end
end
