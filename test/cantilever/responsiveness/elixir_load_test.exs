defmodule Cantilever.Responsiveness.ElixirLoadTest do
  use ExUnit.Case, async: true

  import Bitwise

  alias Cantilever.Responsiveness.ElixirLoad

  test "adds up squares" do
    for steps <- [0, 1, 10, 1_000] do
      assert ElixirLoad.squares(steps) == Enum.sum(for i <- 0..steps, do: i * i)
    end

    assert ElixirLoad.squares(100_001) ==
             ((Enum.sum(for i <- 1..100_000, do: i * i) &&& 0xFFFFFFFFFFFF) + 1 &&& 0xFFFFFFFFFFFF)
  end

  test "does more the longer it is to last, and something at least" do
    short = reductions(ElixirLoad.lasting(1))
    long = reductions(ElixirLoad.lasting(50_000))
    assert short > 0
    assert long > 100 * short
  end

  test "goes on until its time is over" do
    began = System.monotonic_time(:microsecond)
    ElixirLoad.run_for(5_000)
    assert System.monotonic_time(:microsecond) - began >= 5_000
  end

  defp reductions(fun) do
    {:reductions, before} = Process.info(self(), :reductions)
    fun.()
    {:reductions, now} = Process.info(self(), :reductions)
    now - before
  end
end
