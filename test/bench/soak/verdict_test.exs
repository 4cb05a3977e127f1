Code.require_file("../../../bench/support/bench.exs", __DIR__)
Code.require_file("../../../bench/soak/verdict.exs", __DIR__)

defmodule Cantilever.Bench.Soak.VerdictTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Soak.Verdict

  @figures %{
    rss: 60_000_000,
    total: 20_000_000,
    processes_memory: 6_000_000,
    binary: 1_000_000,
    system: 13_000_000,
    ets: 400_000,
    code: 7_000_000,
    atoms: 11_000,
    processes: 60,
    ports: 4,
    threads: 25,
    live: 1
  }

  # A run of ten minutes, whose figures at a second are made by `change`.
  defp run(change \\ fn figures, _second -> figures end, overrides \\ %{}) do
    samples =
      for second <- 0..600,
          do: {second * 1_000, change.(@figures, second), %{fuzz: 10 * second, kill: second}}

    Map.merge(
      %{
        ended: :done,
        samples: samples,
        rests: %{warm: @figures, end: @figures},
        failures: [],
        failure_count: 0,
        last: []
      },
      overrides
    )
  end

  defp missed(run) do
    {_results, goals} = Verdict.judge(run, 60_000)
    for goal <- goals, not goal.met, do: goal.name
  end

  describe "slope/1" do
    test "is that of the line through the points, whatever a few of them do" do
      line = for x <- 0..100, do: {x, 3 * x + 7}
      assert Verdict.slope(line) == 3.0
      assert_in_delta Verdict.slope(List.replace_at(line, 50, {50, 100_000})), 3.0, 0.01
    end

    test "of fewer than two points is 0" do
      assert Verdict.slope([]) == 0.0
      assert Verdict.slope([{1, 5}]) == 0.0
    end

    test "of very many points takes some of them" do
      assert Verdict.slope(for(x <- 0..20_000, do: {x, 2 * x})) == 2.0
    end
  end

  describe "judge/2" do
    test "has nothing to say against a run in which nothing grows" do
      assert missed(run()) == []
    end

    test "forgives what goes up and down" do
      assert missed(run(&%{&1 | rss: &1.rss + 20_000_000 * rem(&2, 3), live: 1 + rem(&2, 50)})) ==
               []
    end

    test "forgives what grows while the node warms up" do
      assert missed(
               run(
                 &%{
                   &1
                   | rss: &1.rss + 1_000_000 * min(&2, 60),
                     atoms: &1.atoms + 100 * min(&2, 60)
                 }
               )
             ) == []
    end

    test "sees a slow leak under load" do
      assert missed(run(&%{&1 | rss: &1.rss + 100_000 * &2})) == [
               "resident memory, growth under load (MB)"
             ]

      assert missed(run(&%{&1 | atoms: &1.atoms + &2})) == ["atoms, growth under load"]

      assert missed(run(&%{&1 | live: &1.live + &2})) == [
               "live native objects, growth under load"
             ]
    end

    test "sees one object, process and port too many at rest" do
      for {part, name} <- [live: "live native objects", processes: "processes", ports: "ports"] do
        rests = %{warm: @figures, end: Map.update!(@figures, part, &(&1 + 1))}

        assert missed(run(fn figures, _second -> figures end, %{rests: rests})) == [
                 "#{name}, left at rest"
               ]
      end
    end

    test "sees a crash, a silence and a failure" do
      for ended <- [{:died, 139}, :silent] do
        assert missed(run(fn figures, _second -> figures end, %{ended: ended, rests: %{}})) == [
                 "crashes of the node"
               ]
      end

      assert missed(run(fn figures, _second -> figures end, %{failure_count: 1})) == [
               "operations that failed"
             ]
    end

    test "judges a node that died before its first sample" do
      assert missed(
               run(fn figures, _second -> figures end, %{
                 ended: {:died, 1},
                 samples: [],
                 rests: %{}
               })
             ) ==
               ["crashes of the node"]
    end

    test "leaves out what the system does not tell" do
      {results, goals} =
        Verdict.judge(
          run(&(Map.merge(&1, %{rss: nil, threads: nil}) |> tap(fn _ -> &2 end))),
          60_000
        )

      refute Enum.any?(results ++ goals, &(&1.name =~ "resident"))
    end
  end

  describe "table/2" do
    test "shows the first tenth, the middle and the last tenth" do
      table =
        run(&%{&1 | rss: &1.rss + 100_000 * &2}) |> Verdict.table(60_000) |> IO.iodata_to_binary()

      assert table =~ ~r/resident memory +MB +68\.\d +93\.\d +117 +\+54\.0/
      assert table =~ "live native objects"
    end
  end
end
