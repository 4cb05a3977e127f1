defmodule Cantilever.Responsiveness.ElixirLoad do
  @moduledoc false
  # What pure Elixir does to the node, to compare with: Σ i² by recursion, which the VM preempts at any step.

  import Bitwise

  # So that the sum stays a small integer, and the loop makes no garbage.
  @mask 0xFFFFFFFFFFFF
  @steps_at_once 100_000

  @doc "A function that runs for about `us` microseconds on a quiet machine."
  @spec lasting(pos_integer) :: (() -> non_neg_integer)
  def lasting(us) do
    steps = max(div(us * @steps_at_once, cost_us()), 1)
    fn -> squares(steps) end
  end

  @doc "Runs until `us` microseconds have passed."
  @spec run_for(non_neg_integer) :: non_neg_integer
  def run_for(us), do: run_until(System.monotonic_time(:microsecond) + us, 0)

  @doc "Σ i² for 1 ≤ i ≤ `steps`, in parts that start again at 1 and without the higher bits."
  @spec squares(non_neg_integer) :: non_neg_integer
  def squares(steps) when steps <= @steps_at_once, do: add(steps, 0)
  def squares(steps), do: add(@steps_at_once, 0) + squares(steps - @steps_at_once) &&& @mask

  defp add(0, sum), do: sum
  defp add(i, sum), do: add(i - 1, sum + i * i &&& @mask)

  defp run_until(end_us, sum) do
    if System.monotonic_time(:microsecond) < end_us,
      do: run_until(end_us, sum + squares(1_000) &&& @mask),
      else: sum
  end

  # What @steps_at_once cost: the quickest of some tries, as the others were interrupted.
  defp cost_us do
    tries = for _ <- 1..10, do: :timer.tc(fn -> squares(@steps_at_once) end)
    tries |> Enum.map(fn {us, _sum} -> us end) |> Enum.min() |> max(1)
  end
end
