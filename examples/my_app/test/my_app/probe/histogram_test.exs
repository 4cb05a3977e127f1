defmodule MyApp.Probe.HistogramTest do
  use ExUnit.Case, async: true

  alias MyApp.Probe.Histogram

  describe "percentile/2" do
    test "is exact for small numbers" do
      histogram = add(Enum.shuffle(1..100))
      assert Histogram.percentile(histogram, 50) == 50
      assert Histogram.percentile(histogram, 99) == 99
      assert Histogram.percentile(histogram, 100) == 100
    end

    test "is within a 64th of the exact one for any number" do
      :rand.seed(:exsss, 1)
      numbers = for _ <- 1..2_000, do: trunc(:math.pow(10, 7 * :rand.uniform()))
      sorted = Enum.sort(numbers)
      histogram = add(numbers)

      for percent <- [1, 25, 50, 90, 99, 99.9, 100] do
        exact = Enum.at(sorted, ceil(2_000 * percent / 100) - 1)
        found = Histogram.percentile(histogram, percent)
        assert found >= exact and found <= exact * 65 / 64, "#{percent}: #{found} for #{exact}"
      end
    end

    test "never exceeds the largest number" do
      assert Histogram.percentile(add([1000]), 99) == 1000
      assert Histogram.max(add([3, 1000, 2])) == 1000
    end

    test "is 0 for no numbers" do
      assert Histogram.percentile(Histogram.new(), 99) == 0
      assert Histogram.max(Histogram.new()) == 0
      assert Histogram.count(Histogram.new()) == 0
    end
  end

  test "stays small however many numbers are added" do
    histogram = add(for n <- 0..200_000, do: n * 50)
    assert Histogram.count(histogram) == 200_001
    assert map_size(histogram.counts) < 2_000
  end

  defp add(numbers), do: Enum.reduce(numbers, Histogram.new(), &Histogram.add(&2, &1))
end
