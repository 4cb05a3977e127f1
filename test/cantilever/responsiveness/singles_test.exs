defmodule Cantilever.Responsiveness.SinglesTest do
  use ExUnit.Case, async: true

  alias Cantilever.KitNif
  alias Cantilever.Responsiveness.{CallTimeout, Runner, Singles}

  describe "run/4" do
    test "lays each hold at the door of the call that did it" do
      singles = run(fn -> KitNif.hold_ms(15) end, 4)

      assert singles.calls == 4
      assert singles.call_us >= 15_000
      assert length(singles.holds) == 4
      assert Enum.all?(singles.holds, &(&1.reported_ms >= 14))
      assert Enum.all?(singles.holds, &(&1.call_ms <= &1.reported_ms))
    end

    test "knows the holds of tasks" do
      singles = run(fn -> Task.await(Task.async(fn -> KitNif.hold_ms(15) end)) end, 2)
      assert Enum.all?(singles.holds, &(&1.reported_ms >= 14))
      assert length(singles.holds) == 2
    end

    test "makes many calls of what is short" do
      assert %Singles{calls: 500} = run(fn -> KitNif.take_i64(1) end, 500)
    end

    test "ends with the error of a call" do
      assert_raise ArgumentError, fn -> run(fn -> KitNif.take_i64(:no) end, 3) end
      assert {:call_ended, :killed} = catch_exit(run(fn -> Process.exit(self(), :kill) end, 3))
    end
  end

  describe "run/4 with a timeout" do
    test "gives up a call that does not end in time" do
      wait = fn -> receive do: (:never -> :ok) end

      assert_raise CallTimeout, fn ->
        Runner.run(&Singles.run(&1, wait, fn _seen -> true end, 20))
      end
    end
  end

  describe "merge/1" do
    test "has the holds of all rounds, and the place of the first that knows one" do
      hold = %{call_ms: 3.0, elixir_ms: 0.0, reported_ms: 3}
      a = %Singles{calls: 5, call_us: 10, holds: [hold]}
      b = %Singles{calls: 7, call_us: 8, holds: [hold, hold], place: {:m, :f, 1}}

      assert Singles.merge([a, b]) ==
               %Singles{calls: 12, call_us: 10, holds: [hold, hold, hold], place: {:m, :f, 1}}

      assert Singles.merge([]) == %Singles{}
    end
  end

  defp run(fun, calls), do: Runner.run(&Singles.run(&1, fun, fn seen -> seen.calls >= calls end))
end
