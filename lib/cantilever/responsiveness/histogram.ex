defmodule Cantilever.Responsiveness.Histogram do
  @moduledoc """
  Counts whole numbers, such as microseconds, and tells their percentiles.

      iex> alias Cantilever.Responsiveness.Histogram
      iex> histogram = Enum.reduce(1..1_000, Histogram.new(), &Histogram.add(&2, &1))
      iex> {Histogram.count(histogram), Histogram.percentile(histogram, 50), Histogram.max(histogram)}
      {1000, 503, 1000}

  The numbers are counted in buckets that are at most 1/64 of their value wide, and those below 128 exactly. So however
  many are added and however large they are, it holds some thousand counters at most.
  """

  import Bitwise

  @exact 128

  defstruct counts: %{}, count: 0, max: 0

  @typedoc "The buckets by their largest number, how many numbers were added, and the largest of them."
  @type t :: %__MODULE__{
          counts: %{non_neg_integer => pos_integer},
          count: non_neg_integer,
          max: non_neg_integer
        }

  @doc "A histogram of no numbers."
  @spec new() :: t
  def new, do: %__MODULE__{}

  @doc "Counts one more number."
  @spec add(t, non_neg_integer) :: t
  def add(%__MODULE__{} = histogram, value) do
    %__MODULE__{
      counts: Map.update(histogram.counts, bucket(value), 1, &(&1 + 1)),
      count: histogram.count + 1,
      max: max(histogram.max, value)
    }
  end

  @doc """
  The numbers of both, as if they had been added to one.

      iex> alias Cantilever.Responsiveness.Histogram
      iex> [a, b] = for n <- [3, 70], do: Histogram.add(Histogram.new(), n)
      iex> Histogram.buckets(Histogram.merge(a, b))
      [{3, 1}, {70, 1}]
  """
  @spec merge(t, t) :: t
  def merge(%__MODULE__{} = a, %__MODULE__{} = b) do
    %__MODULE__{
      counts: Map.merge(a.counts, b.counts, fn _bucket, in_a, in_b -> in_a + in_b end),
      count: a.count + b.count,
      max: max(a.max, b.max)
    }
  end

  @doc "How many numbers were added."
  @spec count(t) :: non_neg_integer
  def count(%__MODULE__{count: count}), do: count

  @doc "The largest number; 0 for no numbers."
  @spec max(t) :: non_neg_integer
  def max(%__MODULE__{max: max}), do: max

  @doc """
  The buckets that are not empty, in ascending order: each with the largest number that falls into it, and how many did.

  The last one ends at the largest number that was added.
  """
  @spec buckets(t) :: [{up_to :: non_neg_integer, count :: pos_integer}]
  def buckets(%__MODULE__{counts: counts, max: max}) do
    for {up_to, count} <- Enum.sort(counts), do: {min(up_to, max), count}
  end

  @doc """
  The number that `percent` of all numbers do not exceed, rounded up to the end of its bucket; 0 for no numbers.

      iex> alias Cantilever.Responsiveness.Histogram
      iex> histogram = Enum.reduce([5, 1, 9, 7], Histogram.new(), &Histogram.add(&2, &1))
      iex> Enum.map([25, 50, 99.9], &Histogram.percentile(histogram, &1))
      [1, 5, 9]
  """
  @spec percentile(t, number) :: non_neg_integer
  def percentile(%__MODULE__{count: 0}, _percent), do: 0

  def percentile(%__MODULE__{} = histogram, percent) do
    wanted = ceil(histogram.count * percent / 100)

    {up_to, _sum} =
      histogram
      |> buckets()
      |> Enum.reduce_while({0, 0}, fn {up_to, count}, {_up_to, sum} ->
        step = if sum + count >= wanted, do: :halt, else: :cont
        {step, {up_to, sum + count}}
      end)

    up_to
  end

  # The largest number that has the same seven highest bits.
  defp bucket(value) when value < @exact, do: value

  defp bucket(value) do
    value ||| (1 <<< dropped_bits(value, 0)) - 1
  end

  defp dropped_bits(value, bits) when value < @exact, do: bits
  defp dropped_bits(value, bits), do: dropped_bits(value >>> 1, bits + 1)
end
