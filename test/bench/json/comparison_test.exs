Code.require_file("../../../bench/support/bench.exs", __DIR__)
Code.require_file("../../../bench/json/comparison.exs", __DIR__)

defmodule Cantilever.Bench.JSON.ComparisonTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.Comparison

  test "twice as fast and half as fast are nothing won" do
    assert Comparison.geometric_mean([0.5, 2, 8]) == 2.0
    assert Comparison.geometric_mean([0.5, 2]) == 1.0
    assert Comparison.geometric_mean([7]) == 7.0
  end

  test "bytes in nanoseconds are megabytes in seconds" do
    assert Comparison.mb_per_s(2_000_000, 1_000_000) == 2_000
  end

  test "a speed-up is the median of the rounds' own" do
    samples = %{{:kit, "a"} => [1, 10, 1], {:jiffy, "a"} => [2, 20, 400]}
    assert Comparison.speed_ups(samples, :kit, :jiffy, ["a"]) == [2.0]
    assert Comparison.speed_ups(samples, :jiffy, :kit, ["a"]) == [0.5]
  end

  test "the geometric mean of ratios is the ratio of the geometric means" do
    a = [3.0, 50.0, 700.0]
    b = [2.0, 80.0, 100.0]
    means = Comparison.geometric_mean(a) / Comparison.geometric_mean(b)
    assert_in_delta Comparison.geometric_mean(Enum.zip_with(a, b, &(&1 / &2))), means, 1.0e-6
  end
end
