Code.require_file("../../../bench/websocket/turns.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.TurnsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.WebSocket.Turns

  @figures ~w(per_s client_cores server_cores p50_us p99_us p999_us max_us late_p99_us)

  defp round(per_s, p99_us) do
    figures = Map.new(@figures, &{&1, 1.0})

    %{
      :closed => %{figures | "per_s" => per_s},
      :open => %{figures | "p99_us" => p99_us},
      "calls_per_s" => 100.0
    }
  end

  defp samples do
    %{
      idle: [round(1_000.0, 400.0), round(500.0, 600.0)],
      yielding: [round(900.0, 500.0), round(450.0, 500.0)],
      elixir: [round(1_000.0, 1_000.0), round(500.0, 2_000.0)],
      dirty: [round(400.0, 9_000.0), round(300.0, 8_000.0)]
    }
  end

  describe "figure/3" do
    test "has one for each round" do
      assert Turns.figure(samples(), :dirty, [:open, "p99_us"]) == [9_000.0, 8_000.0]
      assert Turns.figure(samples(), :yielding, ["calls_per_s"]) == [100.0, 100.0]
    end
  end

  describe "results/5" do
    test "name what was measured beside which load, and what Phoenix gave" do
      phoenix = %{{:elixir, :p99} => "4 000"}
      results = Turns.results(samples(), "pings", "replies/s", 2_000, phoenix)

      assert %{value: 750.0, unit: "replies/s", runs: 2} =
               Enum.find(results, &(&1.name == "pings, idle: as fast as it goes"))

      assert [%{name: "pings, 4 callers of pure Elixir: at 2000/s, p99", value: 1_500}] =
               Enum.filter(results, & &1[:phoenix])

      assert 3 == Enum.count(results, &(&1.unit == "calls/s")), "an idle server makes no calls"
    end
  end

  describe "goals/3" do
    test "compare within rounds" do
      assert [
               %{value: 0.9, goal: ">= 0.95", met: false},
               %{value: 0.375, goal: "<= 1.0", met: true}
             ] = Turns.goals(samples(), "pings", 2_000)
    end
  end
end
