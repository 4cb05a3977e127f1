defmodule Cantilever.Bench.Figures do
  @moduledoc """
  What the benches of responsiveness keep of their samples: the figures that their tables and goals are made of.

      figures = Cantilever.Bench.Figures.of([sample_of_round_1, sample_of_round_2])
      figures.p99_us.value

  Each figure of latency comes with those of the single rounds, so that a ratio can be taken within a round, where
  whatever slowed the machine down hit both sides.
  """

  alias Cantilever.Responsiveness.Sample

  # Fewer calls of a caller than that say nothing about shares: one more or less is a difference of some percent.
  @calls_to_judge 20

  @enforce_keys [:p50_us, :p99_us, :p999_us, :max_us, :calls_per_s, :hold_ms, :shares]
  defstruct @enforce_keys

  @typedoc "The median of the rounds (p99.9 and the longest wait: of all of them together), and what each of them had."
  @type figure :: %{value: number, rounds: [number, ...]}

  @typedoc """
  `shares` are the least and the most calls of a caller as parts of the mean, where each made enough calls to tell;
  `hold_ms` is the longest time that a caller held its scheduler, if the VM reported any.
  """
  @type t :: %__MODULE__{
          p50_us: figure,
          p99_us: figure,
          p999_us: figure,
          max_us: figure,
          calls_per_s: figure,
          hold_ms: number | nil,
          shares: {float, float} | nil
        }

  @doc "The figures of the samples that were taken of one thing, a round each; longer samples tell of the shares."
  @spec of([Sample.t(), ...], [Sample.t()]) :: t
  def of(samples, longer \\ []) do
    all = Sample.merge(samples)

    pooled = fn key ->
      %{value: Map.fetch!(all, key), rounds: Enum.map(samples, &Map.fetch!(&1, key))}
    end

    figure = fn key ->
      rounds = Enum.map(samples, &Map.fetch!(&1, key))
      %{value: Cantilever.Bench.median(rounds), rounds: rounds}
    end

    %__MODULE__{
      p50_us: figure.(:p50_us),
      p99_us: figure.(:p99_us),
      p999_us: pooled.(:p999_us),
      max_us: pooled.(:max_us),
      calls_per_s: figure.(:calls_per_s),
      hold_ms: all.longest_hold_ms,
      shares:
        (longer ++ samples) |> Enum.max_by(& &1.calls) |> Map.fetch!(:calls_by_caller) |> shares()
    }
  end

  @doc """
  The least and the most calls of a caller as parts of the mean; nil where they made fewer than 20 each.

      iex> Cantilever.Bench.Figures.shares([90, 110])
      {0.9, 1.1}
      iex> Cantilever.Bench.Figures.shares([9, 11])
      nil
  """
  @spec shares([non_neg_integer]) :: {float, float} | nil
  def shares([]), do: nil

  def shares(calls) do
    mean = Enum.sum(calls) / length(calls)
    if mean >= @calls_to_judge, do: {Enum.min(calls) / mean, Enum.max(calls) / mean}
  end
end
