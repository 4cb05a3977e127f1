defmodule Cantilever.NativeTest do
  use ExUnit.Case, async: true

  doctest Cantilever.Native
  doctest Cantilever.NativePanic

  describe "intensive_calculation/1" do
    test "is exact at any size" do
      for n <- [0, 1, 2, 4095, 4096, 4097, 3_024_617, 3_024_618, 10_000_019] do
        assert Cantilever.Native.intensive_calculation(n) == div((n - 1) * n * (2 * n - 1), 6)
      end
    end

    test "raises for what is no integer from 0 to 2⁶⁴ - 1" do
      for wrong <- [-1, 2 ** 64, 1.0, "10", nil, :all, [1], %{}] do
        assert_raise ArgumentError,
                     ~r/intensive_calculation\/1: argument 1 \(input\) must be an integer/,
                     fn ->
                       Cantilever.Native.intensive_calculation(wrong)
                     end
      end
    end

    test "stops when its caller dies" do
      {pid, monitor} = spawn_monitor(fn -> Cantilever.Native.intensive_calculation(2 ** 60) end)
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
    end
  end
end
