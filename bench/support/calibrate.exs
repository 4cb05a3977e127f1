defmodule Cantilever.Bench.Calibrate do
  @moduledoc """
  Finds how much work fills a given time on this machine.

      Cantilever.Bench.Calibrate.input(&MyApp.Native.count_primes/1, 10_000, 20_000)
  """

  @runs 7

  @doc """
  For which input `fun` takes `us` microseconds, if its time grows with its input.

  Judged from the fastest of some runs with the input `probe`, which the system disturbed least.
  """
  @spec input((pos_integer -> term), pos_integer, pos_integer) :: pos_integer
  def input(fun, probe, us) do
    fastest_us = Enum.min(for _run <- 1..@runs, do: elem(:timer.tc(fun, [probe]), 0))
    max(div(probe * us, max(fastest_us, 1)), 1)
  end
end
