Code.require_file("../../bench/support/bench.exs", __DIR__)

defmodule Cantilever.BenchTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench

  describe "options/1" do
    test "knows the three options of bin/bench" do
      assert Bench.options(["--quick", "--json", "a.json", "--strict"]) ==
               %{quick: true, json: "a.json", strict: true}

      assert Bench.options([]) == %{quick: false, json: nil, strict: false}
    end

    test "knows those of one bench when it is told them" do
      switches = [minutes: :float, seed: :integer]

      assert %{minutes: 3.0, seed: 7, quick: false} =
               Bench.options(["--minutes", "3", "--seed", "7"], switches)

      refute Map.has_key?(Bench.options([], switches), :seed)
      assert_raise ArgumentError, ~r/--seed/, fn -> Bench.options(["--seed", "7"]) end
    end

    test "names what it does not know" do
      assert_raise ArgumentError, ~r/--fast/, fn -> Bench.options(["--fast"]) end
      assert_raise ArgumentError, ~r/--json/, fn -> Bench.options(["--json"]) end
      assert_raise ArgumentError, ~r/word/, fn -> Bench.options(["word"]) end
    end
  end

  describe "rounds/2" do
    test "interleaves the measurements, every second round backwards, after a round of warming up" do
      {:ok, log} = Agent.start_link(fn -> [] end)
      note = fn name -> Agent.get_and_update(log, &{length(&1), [name | &1]}) end

      samples = Bench.rounds([a: fn -> note.(:a) end, b: fn -> note.(:b) end], 2)

      assert Agent.get(log, &Enum.reverse/1) == [:a, :b, :a, :b, :b, :a]
      assert samples == %{a: [2, 5], b: [3, 4]}
    end

    test "can do without warming up, with measurements of any name that give anything" do
      {:ok, log} = Agent.start_link(fn -> [] end)
      measure = fn -> Agent.get_and_update(log, &{{:run, length(&1)}, [:run | &1]}) end

      assert Bench.rounds([{%{callers: 1}, measure}], 2, warm_up: false) ==
               %{%{callers: 1} => [{:run, 0}, {:run, 1}]}
    end
  end

  describe "ns_per_call/2" do
    test "hands the loop its count" do
      caller = self()
      assert Bench.ns_per_call(7, &send(caller, {:count, &1})) >= 0
      assert_received {:count, 7}
    end
  end

  describe "result/3" do
    test "holds the median, the bounds and the number of samples" do
      assert Bench.result("x", [3, 1, 2], "ns") == %{
               name: "x",
               value: 2,
               unit: "ns",
               runs: 3,
               min: 1,
               max: 3
             }

      assert Bench.result("x", [1, 2, 3, 9], "ns").value == 2.5
    end

    test "keeps about four significant digits" do
      assert Bench.result("x", [1234.567], "ns").value == 1235
      assert Bench.result("x", [12.34567], "ns").value == 12.35
      assert Bench.result("x", [0.1234567], "ns").value == 0.123
    end
  end

  describe "ratio/2" do
    test "compares round by round" do
      assert Bench.ratio([10, 200, 30], [5, 100, 10]) == 2.0
    end
  end

  describe "goal/4" do
    test "looks at the right side of the limit, which itself counts as met" do
      assert %{met: true, goal: "<= 1.5"} = Bench.goal("g", 1.5, "<=", 1.5)
      assert %{met: false} = Bench.goal("g", 1.5001, "<=", 1.5)
      assert %{met: true, goal: ">= 30"} = Bench.goal("g", 30, ">=", 30)
      assert %{met: false} = Bench.goal("g", 29, ">=", 30)
    end
  end

  describe "encode/1" do
    test "writes the fields in the order in which they are documented" do
      bench = %{
        bench: "x",
        machine: %{cpu: "say \"µ\"\n"},
        results: [Bench.result("r", [1, 2, 3], "ns")],
        goals: [Bench.goal("g", 2, "<=", 1)]
      }

      assert IO.iodata_to_binary(Bench.encode(bench)) ==
               ~S({"bench": "x", "machine": {"cpu": "say \"µ\"\u000A"}, ) <>
                 ~S("results": [{"name": "r", "value": 2, "unit": "ns", "runs": 3, "min": 1, "max": 3}], ) <>
                 ~S("goals": [{"name": "g", "value": 2, "goal": "<= 1", "met": false}]})
    end

    test "gives valid JSON for what a machine is called" do
      bench = %{bench: "x", machine: Bench.Machine.describe(), results: [], goals: []}

      assert IO.iodata_to_binary(Bench.encode(bench)) =~
               ~s("cores": #{System.schedulers_online()})
    end
  end

  describe "table/1" do
    test "has a line for each result and goal" do
      bench = %{
        bench: "x",
        machine: %{cores: 2},
        results: [Bench.result("calls", [1_234_567], "calls/s")],
        goals: [Bench.goal("few", 2, "<=", 1)]
      }

      assert [machine, _head, result, "", _goal_head, goal, ""] =
               bench |> Bench.table() |> IO.iodata_to_binary() |> String.split("\n")

      assert machine == "cores 2"
      assert result =~ ~r/^calls +1 234 567 +calls\/s +1 234 567 +1 234 567 +1$/
      assert goal =~ ~r/^few +2 +<= 1 +NOT MET$/
    end
  end
end
