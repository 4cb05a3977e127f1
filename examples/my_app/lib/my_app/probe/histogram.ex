defmodule MyApp.Probe.Histogram do
  @moduledoc false
  # Counts whole numbers in buckets that are at most 1/64 of their value wide. However many are added and however
  # large they are, it holds some thousand counters at most.

  import Bitwise

  @exact 128

  @type t :: %{
          counts: %{non_neg_integer() => pos_integer()},
          count: non_neg_integer(),
          max: non_neg_integer()
        }

  @spec new() :: t()
  def new, do: %{counts: %{}, count: 0, max: 0}

  @spec add(t(), non_neg_integer()) :: t()
  def add(histogram, value) do
    %{
      counts: Map.update(histogram.counts, bucket(value), 1, &(&1 + 1)),
      count: histogram.count + 1,
      max: max(histogram.max, value)
    }
  end

  @spec count(t()) :: non_neg_integer()
  def count(histogram), do: histogram.count

  @spec max(t()) :: non_neg_integer()
  def max(histogram), do: histogram.max

  @doc "The number that `percent` of all numbers do not exceed, rounded up to its bucket's end; 0 for no numbers."
  @spec percentile(t(), number()) :: non_neg_integer()
  def percentile(%{count: 0}, _percent), do: 0

  def percentile(histogram, percent) do
    wanted = ceil(histogram.count * percent / 100)

    {end_of_bucket, _count} =
      histogram.counts
      |> Enum.sort()
      |> Enum.reduce_while({0, 0}, fn {bucket, count}, {_end, sum} ->
        step = if sum + count >= wanted, do: :halt, else: :cont
        {step, {bucket, sum + count}}
      end)

    min(end_of_bucket, histogram.max)
  end

  # The bucket's last number, which keeps the seven highest bits.
  defp bucket(value) when value < @exact, do: value

  defp bucket(value) do
    dropped = length(Integer.digits(value, 2)) - 7
    value ||| (1 <<< dropped) - 1
  end
end
