defmodule Cantilever.Responsiveness.HistogramTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Histogram

  doctest Histogram

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

  describe "merge/2" do
    test "gives what adding all numbers to one gives, whatever the numbers and wherever they are parted" do
      :rand.seed(:exsss, 2)

      for _ <- 1..100 do
        numbers = numbers(:rand.uniform(200) - 1)
        {left, right} = Enum.split(numbers, :rand.uniform(200) - 1)
        assert Histogram.merge(add(left), add(right)) == add(numbers)
        assert Histogram.merge(add(right), add(left)) == add(numbers)
      end
    end
  end

  describe "buckets/1" do
    test "are ascending, hold every number, and end at the largest" do
      :rand.seed(:exsss, 3)

      for _ <- 1..100 do
        numbers = numbers(:rand.uniform(200))
        buckets = Histogram.buckets(add(numbers))
        ends = Enum.map(buckets, &elem(&1, 0))

        assert ends == Enum.uniq(Enum.sort(ends))
        assert List.last(ends) == Enum.max(numbers)

        for {up_to, _count} <- buckets do
          held =
            buckets
            |> Enum.filter(&(elem(&1, 0) <= up_to))
            |> Enum.map(&elem(&1, 1))
            |> Enum.sum()

          assert held == Enum.count(numbers, &(&1 <= up_to))
        end
      end
    end

    test "are none for no numbers" do
      assert Histogram.buckets(Histogram.new()) == []
    end
  end

  test "stays small however many numbers are added" do
    histogram = add(for n <- 0..200_000, do: n * 50)
    assert Histogram.count(histogram) == 200_001
    assert map_size(histogram.counts) < 2_000
  end

  defp numbers(0), do: []
  defp numbers(count), do: for(_ <- 1..count, do: trunc(:math.pow(10, 7 * :rand.uniform())))

  defp add(numbers), do: Enum.reduce(numbers, Histogram.new(), &Histogram.add(&2, &1))
end
