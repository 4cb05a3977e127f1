Code.require_file("../../../bench/responsiveness/arithmetic.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.ArithmeticTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Responsiveness.Arithmetic

  test "the sum equals the formula" do
    for n <- [0, 1, 999, 1_000, 1_001, 12_345] do
      assert Arithmetic.sum_of_squares(n) == div((n - 1) * n * (2 * n - 1), 6)
    end
  end
end
