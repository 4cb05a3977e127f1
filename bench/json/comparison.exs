defmodule Cantilever.Bench.JSON.Comparison do
  @moduledoc """
  Codecs against each other, over several documents.

      iex> samples = %{{:kit, "a"} => [1, 1], {:jiffy, "a"} => [4, 4], {:kit, "b"} => [2], {:jiffy, "b"} => [2]}
      iex> Cantilever.Bench.JSON.Comparison.speed_ups(samples, :kit, :jiffy, ["a", "b"])
      [4.0, 1.0]

  Samples are times, so the other's are divided by one's own. The rounds' own ratios count, as in the other benches: what
  slowed a round down hit both.
  """

  alias Cantilever.Bench

  @type samples :: %{{codec :: atom, document :: String.t()} => [number, ...]}

  @doc "How many times as fast one codec is as the other, for each document."
  @spec speed_ups(samples, atom, atom, [String.t()]) :: [float]
  def speed_ups(samples, codec, other, documents) do
    for document <- documents do
      Bench.ratio(Map.fetch!(samples, {other, document}), Map.fetch!(samples, {codec, document}))
    end
  end

  @doc """
  The geometric mean, in which twice as fast on one document and half as fast on another are nothing won.

      iex> Cantilever.Bench.JSON.Comparison.geometric_mean([0.5, 2, 8])
      2.0
  """
  @spec geometric_mean([number, ...]) :: float
  def geometric_mean(values) do
    Float.round(:math.exp(Enum.sum(Enum.map(values, &:math.log/1)) / length(values)), 9)
  end

  @doc """
  MB/s of a document of `bytes` bytes that takes `ns` nanoseconds.

      iex> Cantilever.Bench.JSON.Comparison.mb_per_s(2_000_000, 1_000_000)
      2.0e3
  """
  @spec mb_per_s(pos_integer, number) :: float
  def mb_per_s(bytes, ns), do: bytes / ns * 1_000
end
