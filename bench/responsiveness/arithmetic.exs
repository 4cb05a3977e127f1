defmodule Cantilever.Bench.Responsiveness.Arithmetic do
  @moduledoc """
  The sum of squares in pure Elixir.

      iex> Cantilever.Bench.Responsiveness.Arithmetic.sum_of_squares(4)
      14
  """

  # So many squares that their sum is a machine word: the total outgrows it, and then costs memory at every step.
  @chunk 1_000

  @doc "Σ i² for 0 ≤ i < n, by doing it."
  @spec sum_of_squares(non_neg_integer) :: non_neg_integer
  def sum_of_squares(n), do: chunks(0, n, 0)

  defp chunks(from, n, total) when n - from > @chunk do
    chunks(from + @chunk, n, total + add(from, from + @chunk, 0))
  end

  defp chunks(from, n, total), do: total + add(from, n, 0)

  defp add(i, n, sum) when i < n, do: add(i + 1, n, sum + i * i)
  defp add(_i, _n, sum), do: sum
end
