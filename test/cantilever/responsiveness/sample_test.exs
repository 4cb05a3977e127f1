defmodule Cantilever.Responsiveness.SampleTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{Histogram, Sample}

  doctest Sample

  describe "new/1" do
    test "works out what follows from what was seen" do
      sample =
        sample(
          calls_by_caller: [3, 5],
          elapsed_ms: 500,
          holds: [{2, nil}, {7, nil}, {4, {:a, :b, 1}}]
        )

      assert sample.calls == 8
      assert sample.calls_per_s == 16.0
      assert sample.holds == [7, 4, 2]
      assert sample.hold_count == 3
      assert sample.longest_hold_ms == 7
      assert sample.hold_place == {:a, :b, 1}
      assert {sample.answers, sample.p50_us, sample.max_us} == {100, 50, 100}
      assert sample.p99_us_by_round == [99]
    end

    test "has no longest hold without holds" do
      assert %{holds: [], hold_count: 0, longest_hold_ms: nil, hold_place: nil} = sample([])
    end

    test "keeps the longest of many holds, and counts all" do
      sample = sample(holds: for(ms <- 1..100_500, do: {ms, nil}))
      assert sample.hold_count == 100_500
      assert sample.holds == Enum.to_list(100_500..501)
    end
  end

  describe "merge/1" do
    test "adds up what counts, and weighs means by time" do
      a = sample(calls_by_caller: [1, 2], elapsed_ms: 100, holds: [{3, nil}])

      b =
        sample(
          calls_by_caller: [10, 20],
          elapsed_ms: 300,
          holds: [{5, {:m, :f, 0}}, {2, nil}],
          utilisation: %{normal: 1.0, dirty_cpu: 0.5, dirty_io: 0.0},
          run_queues: %{
            normal: %{mean: 4.0, max: 9},
            dirty_cpu: %{mean: 0.0, max: 0},
            dirty_io: %{mean: 0.0, max: 0}
          },
          memory: %{before: 5, max: 50, after: 7}
        )

      merged = Sample.merge([a, b])

      assert merged.calls_by_caller == [11, 22]
      assert {merged.calls, merged.elapsed_ms, merged.calls_per_s} == {33, 400, 82.5}
      assert {merged.holds, merged.hold_count} == {[5, 3, 2], 3}
      assert {merged.longest_hold_ms, merged.hold_place} == {5, {:m, :f, 0}}
      assert merged.utilisation == %{normal: 0.75, dirty_cpu: 0.375, dirty_io: 0.0}
      assert merged.run_queues.normal == %{mean: 3.0, max: 9}
      assert merged.memory == %{before: 1, max: 50, after: 7}
      assert merged.p99_us_by_round == [99, 99]
      assert merged.answers == 200
      assert merged.reductions == 2_000
    end

    test "of one sample is that sample" do
      sample = sample(calls_by_caller: [1], holds: [{3, nil}])
      assert Sample.merge([sample]) == sample
    end
  end

  defp sample(fields) do
    %{
      histogram: Enum.reduce(1..100, Histogram.new(), &Histogram.add(&2, &1)),
      calls_by_caller: [],
      holds: [],
      run_queues: Map.new([:normal, :dirty_cpu, :dirty_io], &{&1, %{mean: 0.0, max: 0}}),
      utilisation: %{normal: 0.0, dirty_cpu: 0.0, dirty_io: 0.0},
      reductions: 1_000,
      memory: %{before: 1, max: 3, after: 2},
      elapsed_ms: 100
    }
    |> Map.merge(Map.new(fields))
    |> Sample.new()
  end
end
