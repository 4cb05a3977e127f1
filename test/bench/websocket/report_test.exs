for file <- ~w(support/bench websocket/report),
    do: Code.require_file("../../../bench/#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.ReportTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.Report

  describe "table/1" do
    test "puts beside each figure what Phoenix gave, where that is known" do
      table =
        IO.iodata_to_binary(
          Report.table(%{
            machine: [cores: 2],
            results: [Bench.result("idle", [1_234], "B")],
            goals: [Report.beside(Bench.goal("joins", 11_000, ">=", 10_000), "3 700 to 4 800")]
          })
        )

      assert table =~ ~r/^cores 2$/m
      assert table =~ ~r/^idle +1 234 +B +1 234 +1 234 +1 *$/m
      assert table =~ ~r/^joins +11 000 +>= 10000 +met +3 700 to 4 800$/m
      assert table =~ "measured elsewhere"
    end
  end

  describe "beside/2" do
    test "leaves a goal one that can be encoded" do
      goal = Report.beside(Bench.goal("joins", 11_000, ">=", 10_000), "less")
      bench = %{bench: "websocket", machine: %{}, results: [], goals: [goal]}
      refute bench |> Bench.encode() |> IO.iodata_to_binary() =~ "less"
    end
  end
end
