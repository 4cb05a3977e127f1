defmodule Cantilever.Kit.HandlesTest do
  # The threads that values were dropped on are noted for the whole node.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.KitNif

  describe "a handle" do
    test "gives later calls the same value" do
      counter = KitNif.counter_new(5)
      assert is_reference(counter)
      assert KitNif.counter_add(counter, 1) == 6
      assert KitNif.counter_add_yielding(counter, 100) == 106
    end

    test "of another type is an ArgumentError" do
      message = catch_error(KitNif.counter_add(KitNif.other_new(), 1)).message

      assert message =~
               "must be a handle to a `Counter` that the library loaded now has made, got: #Ref<"

      assert %ArgumentError{} = catch_error(KitNif.counter_add(make_ref(), 1))
    end

    test "of another library is an ArgumentError" do
      assert %ArgumentError{} =
               catch_error(KitNif.counter_add(KitNif.EveryCheckpoint.counter_new(1), 1))
    end

    test "can be used by many processes at once" do
      counter = KitNif.counter_new(0)

      tasks =
        for _ <- 1..100, do: Task.async(fn -> KitNif.counter_add_yielding(counter, 1000) end)

      Task.await_many(tasks, 30_000)
      assert KitNif.counter_add(counter, 0) == 100_000
    end

    test "has its value dropped on the kit's thread, not on a scheduler" do
      KitNif.take_dropped_on()

      {_pid, monitor} = spawn_monitor(fn -> for i <- 1..10, do: KitNif.counter_new(i) end)

      assert_receive {:DOWN, ^monitor, :process, _pid, :normal}
      names = collect(10, [])
      assert Enum.uniq(names) == ["cantilever-reclaim"]
    end

    test "of rustler's kind works beside" do
      counter = KitNif.rustler_counter_new()
      assert KitNif.rustler_counter_next(counter) == 0
      assert KitNif.rustler_counter_next(counter) == 1
    end
  end

  defp collect(count, names) when length(names) >= count, do: names

  defp collect(count, names) do
    eventually(fn ->
      (dropped = KitNif.take_dropped_on()) != [] and send(self(), {:dropped, dropped})
    end)

    assert_received {:dropped, dropped}
    collect(count, names ++ dropped)
  end
end
