Code.require_file("../../../bench/support/calibrate.exs", __DIR__)

defmodule Cantilever.Bench.CalibrateTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Calibrate

  test "a longer time takes a larger input, and the least is 1" do
    work = fn n -> Enum.reduce(1..n, 0, &+/2) end
    assert Calibrate.input(work, 100_000, 1_000_000) > 100
    assert Calibrate.input(work, 100_000, 0) == 1
  end
end
