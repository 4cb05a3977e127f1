defmodule Cantilever.Bench.Slice.Choice do
  @moduledoc """
  Which length of a slice the figures speak for.

      iex> points = [
      ...>   %{slice_us: 10, p99_us: 200, calls_per_s: 90.0},
      ...>   %{slice_us: 20, p99_us: 240, calls_per_s: 99.0},
      ...>   %{slice_us: 50, p99_us: 400, calls_per_s: 110.0}
      ...> ]
      iex> Cantilever.Bench.Slice.Choice.of(points, 200)
      {:ok, 20, 0.9}
  """

  @worst_p99 1.25

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
    "the longest slice whose p99 with 4 callers is at most #{@worst_p99} times that of an idle node"
  end

  @doc """
  The length that the rule picks, and the part of the best length's throughput that it has; `:none` where others wait
  longer with any length.
  """
  @spec of([point, ...], number) :: {:ok, pos_integer, float} | :none
  def of(points, idle_p99_us) do
    most = points |> Enum.map(& &1.calls_per_s) |> Enum.max()

    points
    |> Enum.filter(&(&1.p99_us <= @worst_p99 * idle_p99_us))
    |> Enum.max_by(& &1.slice_us, fn -> nil end)
    |> case do
      nil -> :none
      point -> {:ok, point.slice_us, point.calls_per_s / most}
    end
  end
end
