defmodule Cantilever.Responsiveness.CaseTest do
  use ExUnit.Case, async: true
  use Cantilever.Responsiveness.Case

  alias Cantilever.KitNif
  alias Cantilever.Responsiveness.Case

  doctest Case

  describe "assert_responsive/2" do
    test "passes for Elixir, for what is short, for what yields and for what is dirty" do
      assert_responsive(fn -> Enum.reduce(1..300_000, 0, &(&1 + &2)) end)
      assert_responsive(fn -> KitNif.take_i64(1) end)
      assert_responsive(fn -> KitNif.yield_for_ms(20) end, runs: 6)
      assert_responsive(fn -> KitNif.rustler_dirty_for_ms(20) end)
    end

    test "fails for a function that holds its scheduler, and says what, for how long and what helps" do
      error =
        assert_raise ExUnit.AssertionError, fn ->
          assert_responsive(fn -> KitNif.hold_ms(22) end)
        end

      assert error.message =~
               "expected the node to stay responsive beside\n\n    fn -> KitNif.hold_ms(22) end\n\n"

      assert error.message =~
               ~r/but a call holds a scheduler for [\d.]+ ms, where 1 ms is allowed/

      assert error.message =~ "Make it an async fn with a checkpoint"
    end

    test "fails for one that could yield and forgets to" do
      assert_raise ExUnit.AssertionError, fn ->
        assert_responsive(fn -> KitNif.yield_forgetting(15) end)
      end
    end

    test "fails for one that does it in another process" do
      assert_raise ExUnit.AssertionError, fn ->
        assert_responsive(fn -> Task.await(Task.async(fn -> KitNif.hold_ms(15) end)) end)
      end
    end

    test "allows as much as it is told to" do
      assert_responsive(fn -> KitNif.hold_ms(5) end, max_hold_ms: 500)
    end

    test "passes on an error of the function" do
      assert_raise ArgumentError, ~r/take_i64/, fn ->
        assert_responsive(fn -> KitNif.take_i64(:no) end)
      end

      assert catch_throw(assert_responsive(fn -> throw(:up) end)) == :up
      assert catch_exit(assert_responsive(fn -> exit(:down) end)) == :down

      assert catch_exit(assert_responsive(fn -> Process.exit(self(), :kill) end)) ==
               {:call_ended, :killed}
    end
  end

  describe "check/2" do
    test "tells what was found" do
      assert {:holds, hold} = Case.check(fn -> KitNif.hold_ms(22) end, runs: 5)
      assert hold.calls >= 5
      assert hold.hold_ms > 1
      assert Case.check(fn -> KitNif.yield_for_ms(5) end) == :ok
    end

    test "refuses what it cannot call, and options that it does not know" do
      assert_raise ArgumentError, ~r/must be a function without arguments/, fn ->
        Case.check(&KitNif.hold_ms/1)
      end

      assert_raise ArgumentError, ~r/unknown option :max_hold /, fn ->
        Case.check(fn -> 1 end, max_hold: 1)
      end
    end
  end
end
