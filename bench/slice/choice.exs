defmodule Cantilever.Bench.Slice.Choice do
  @moduledoc """
  Which length of a slice the figures speak for.

      iex> points = [
      ...>   %{slice_us: 10, p99_us: 200, calls_per_s: 90.0},
      ...>   %{slice_us: 20, p99_us: 210, calls_per_s: 99.0},
      ...>   %{slice_us: 50, p99_us: 240, calls_per_s: 100.0},
      ...>   %{slice_us: 100, p99_us: 900, calls_per_s: 100.0}
      ...> ]
      iex> Cantilever.Bench.Slice.Choice.of(points)
      {:ok, 50}
  """

  @worst_p99 1.25
  @least_throughput 0.97

  @typedoc "What was seen with slices of one length."
  @type point :: %{
          :slice_us => pos_integer,
          :p99_us => number,
          :calls_per_s => number,
          optional(atom) => term
        }

  @doc "The rule, in words."
  @spec rule() :: String.t()
  def rule do
    "the longest slice whose p99 with 4 callers is at most #{@worst_p99} times the best one's, and whose throughput " <>
      "with 4 callers is at least #{@least_throughput} of the best one's"
  end

  @doc "The length that the rule picks; `:none` where no length is good at both."
  @spec of([point, ...]) :: {:ok, pos_integer} | :none
  def of(points) do
    quickest_us = points |> Enum.map(& &1.p99_us) |> Enum.min()
    most = points |> Enum.map(& &1.calls_per_s) |> Enum.max()

    good =
      for point <- points,
          point.p99_us <= @worst_p99 * quickest_us,
          point.calls_per_s >= @least_throughput * most,
          do: point.slice_us

    if good == [], do: :none, else: {:ok, Enum.max(good)}
  end
end
