defmodule Cantilever.Responsiveness.CallersTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{Callers, CallTimeout, Runner}

  describe "run/4" do
    test "makes no more than 64 calls between two looks at the clock, however quick they were" do
      count = :counters.new(1, [])
      deadline = after_ms(50)

      # So quick that it would be called several hundred times between two looks, until one call lasts to the deadline.
      fun = fn ->
        :counters.add(count, 1, 1)
        if :counters.get(count, 1) == 300, do: wait_until(deadline)
      end

      [calls] = run(fun, 1, deadline)
      assert calls == :counters.get(count, 1)
      assert calls <= 300 + 64
    end

    test "has each make one call at least, and ends with an error of any, while others go on" do
      past = System.monotonic_time() - 1
      assert run(fn -> :ok end, 3, past) == [1, 1, 1]

      turn = :counters.new(1, [:atomics])

      fun = fn ->
        :counters.add(turn, 1, 1)
        if :counters.get(turn, 1) > 1, do: raise("no"), else: receive(do: (:never -> :ok))
      end

      assert_raise RuntimeError, "no", fn -> run(fun, 2, past) end

      assert catch_exit(run(fn -> Process.exit(self(), :normal) end, 2, past)) ==
               {:call_ended, :normal}
    end
  end

  describe "run/4 and once/3" do
    test "give up a call that does not end in time" do
      wait = fn -> receive do: (:never -> :ok) end
      past = System.monotonic_time() - 1
      error = assert_raise CallTimeout, fn -> run(wait, 2, past, 20) end
      assert error.timeout_ms == 20
      assert_raise CallTimeout, fn -> Runner.run(&Callers.once(&1, wait, 20)) end
    end

    test "give those that begin before the deadline as much time after it" do
      deadline = after_ms(30)
      assert [_calls] = run(fn -> wait_until(after_ms(5)) end, 1, deadline, 5_000)
      assert System.monotonic_time() >= deadline
    end
  end

  describe "once/3" do
    test "tells how long a call takes" do
      us = Runner.run(&Callers.once(&1, fn -> wait_until(after_ms(3)) end))
      assert us >= 3_000
    end
  end

  defp run(fun, concurrency, deadline, timeout \\ :infinity) do
    Runner.run(fn runner ->
      Callers.run(runner, Callers.start(runner, fun, concurrency, :normal), deadline, timeout)
    end)
  end

  defp after_ms(ms),
    do: System.monotonic_time() + System.convert_time_unit(ms, :millisecond, :native)

  defp wait_until(moment), do: if(System.monotonic_time() < moment, do: wait_until(moment))
end
