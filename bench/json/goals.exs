defmodule Cantilever.Bench.JSON.Goals do
  @moduledoc """
  What the kit's codec promises, held against what was measured.

      Cantilever.Bench.JSON.Goals.of_speed(speed, documents, [:kit, :jiffy, :floor])
      #=> [%{name: "decode: speed to jiffy's, geometric mean", value: 4.2, goal: ">= 4", met: true}, …]

  There are none of what this machine has not: without jiffy, nothing is compared with it.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.JSON.{Comparison, Memory, Neighbours, Slicing, Speed}

  # Whom it is compared with, and how many times as fast it is to be at least: over all documents, on each single one, and
  # for the short message.
  @speed [
    {:decode, :jiffy, "jiffy", mean: 4, each: 2.5, message: 1},
    {:decode, :floor, "binary_to_term", mean: 0.45},
    {:encode, :jiffy, "jiffy", mean: 3, each: 1.5, message: 1},
    {:encode, :jason, "Jason", mean: 6},
    {:encode, :floor, "term_to_binary", mean: 0.5}
  ]
  @message "message"

  @doc "The goals of speed, over the named documents and for the short message."
  @spec of_speed(Speed.t(), [String.t()], [atom]) :: [Bench.goal()]
  def of_speed(speed, documents, codecs) do
    for {direction, other, name, limits} <- @speed,
        :kit in codecs and other in codecs,
        speed_ups = &Comparison.speed_ups(Map.fetch!(speed, direction), :kit, other, &1),
        {kind, least} <- limits do
      {what, value} = judged(kind, speed_ups, documents)
      Bench.goal("#{direction}: speed to #{name}'s, #{what}", value, ">=", least)
    end
  end

  defp judged(:mean, speed_ups, documents) do
    {"geometric mean", documents |> speed_ups.() |> Comparison.geometric_mean()}
  end

  defp judged(:each, speed_ups, documents) do
    {"least of a document", documents |> speed_ups.() |> Enum.min()}
  end

  defp judged(:message, speed_ups, _documents) do
    {"100-byte message", [@message] |> speed_ups.() |> hd()}
  end

  @doc "How long others may wait beside the kit's decoding, in milliseconds, and how long a slice may be."
  @spec of_neighbours([Neighbours.seen()]) :: [Bench.goal()]
  def of_neighbours(seen) do
    for %{key: key} = way <- seen, key in [:kit, :kit_sized], goal <- of_way(way), do: goal
  end

  # Of the rounds the one that the system disturbed least: what it takes away makes waits and slices only longer.
  defp of_way(way) do
    waits =
      for {what, %{rounds: rounds}, most} <- [
            {"p99", way.figures.p99_us, 0.3},
            {"p99.9", way.figures.p999_us, 2}
          ] do
        name = "#{way.title}: #{what} of others, quietest round (ms)"
        Bench.goal(name, Enum.min(rounds) / 1_000, "<=", most)
      end

    waits ++ [slice(way.title, Enum.reject(way.slices_ms, &(&1 == 0.0)))]
  end

  # Where nothing was measured, nobody has shown that slices are short.
  defp slice(title, []), do: Bench.goal("#{title}: rounds with a slice", 0, ">=", 1)

  defp slice(title, slices_ms) do
    Bench.goal("#{title}: longest slice, quietest round (ms)", Enum.min(slices_ms), "<=", 1)
  end

  @doc "What the yielding may cost."
  @spec of_slicing(Slicing.t()) :: [Bench.goal()]
  def of_slicing(%{sliced: sliced, unsliced: unsliced}) do
    [
      Bench.goal(
        "decode: speed with slices to that without",
        Bench.ratio(unsliced, sliced),
        ">=",
        0.95
      )
    ]
  end

  @doc "How much memory a decode may take at its peak."
  @spec of_memory([Memory.seen()]) :: [Bench.goal()]
  def of_memory(seen) do
    for %{key: :kit} = way <- seen do
      Bench.goal("#{way.title}: peak besides the terms, in inputs", way.besides, "<=", 3)
    end
  end
end
