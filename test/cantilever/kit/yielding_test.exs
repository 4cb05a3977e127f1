defmodule Cantilever.Kit.YieldingTest do
  # The slices that a library has measured are counted for all of its calls together.
  use ExUnit.Case, async: false

  alias Cantilever.KitNif

  describe "a yielding function" do
    test "returns what a plain one does when every single checkpoint ends the slice" do
      :rand.seed(:exsss, {1, 2, 3})

      for _ <- 1..200 do
        numbers = for _ <- 1..:rand.uniform(300), do: :rand.uniform(2 ** 62)
        chunk = :rand.uniform(10)
        assert KitNif.EveryCheckpoint.yield_sum(numbers, chunk) == KitNif.plain_sum(numbers)
      end
    end

    test "ends its slice at each checkpoint when slices last 0 µs" do
      KitNif.EveryCheckpoint.take_slices()
      assert KitNif.EveryCheckpoint.yield_sum(Enum.to_list(1..100), 1)
      assert KitNif.EveryCheckpoint.take_slices() == 100
    end

    test "uses up no slice when its first checkpoint is its last" do
      KitNif.take_slices()
      assert KitNif.yield_i64(1, 1) == 1
      assert KitNif.take_slices() == 0
    end

    test "is charged reductions for the time that it takes" do
      before = reductions()
      Cantilever.Native.intensive_calculation(50_000_000)
      # 15 ms and more are hundreds of slices of 4,000 reductions; a plain NIF is charged one.
      assert reductions() - before > 100_000
    end

    test "leaves no message behind" do
      Cantilever.Native.intensive_calculation(1_000_000)
      KitNif.EveryCheckpoint.yield_sum([1, 2, 3], 1)
      assert Process.info(self(), :message_queue_len) == {:message_queue_len, 0}
    end

    test "lets other processes of its scheduler run" do
      # More spinning processes than there are schedulers, and still everybody gets an answer.
      spinners = for _ <- 1..(System.schedulers_online() * 4), do: spawn(&KitNif.spin_yielding/0)

      assert Enum.map(1..100, fn i -> Task.await(Task.async(fn -> i end)) end) ==
               Enum.to_list(1..100)

      Enum.each(spinners, &Process.exit(&1, :kill))
    end

    test "may poll several loops side by side" do
      assert KitNif.yield_joined(10, 1000) == {10, 1000}
      assert KitNif.EveryCheckpoint.yield_joined(10, 1000) == {10, 1000}
      assert KitNif.yield_joined(0, 0) == {0, 0}
    end

    test "may wake itself instead of awaiting a checkpoint, within its slice" do
      assert KitNif.yield_by_waking(100_000) == 100_000
      assert KitNif.EveryCheckpoint.yield_by_waking(100) == 100
    end

    test "may keep more than a reused block holds" do
      assert KitNif.yield_large(5000) == Enum.sum(0..4999)
      assert KitNif.EveryCheckpoint.yield_large(500) == Enum.sum(0..499)
    end

    test "runs in 10,000 processes at once" do
      tasks = for i <- 1..10_000, do: Task.async(fn -> KitNif.EveryCheckpoint.yield_i64(i, 5) end)
      assert Task.await_many(tasks, 60_000) == Enum.to_list(1..10_000)
    end
  end

  describe "a shared binary" do
    test "stays where it is across slices if it is large, and is copied if it is small" do
      large = :binary.copy("ab", 50_000)
      address = KitNif.address(large)
      assert {^address, ^address, sum} = KitNif.EveryCheckpoint.addresses(large, 100)
      assert sum == 50_000 * (?a + ?b)

      assert {address, address, 6} = KitNif.EveryCheckpoint.addresses(<<1, 2, 3>>, 100)
    end

    test "of which the caller appends to a copy does not change" do
      binary = :binary.copy("x", 100) <> "y"
      task = Task.async(fn -> KitNif.EveryCheckpoint.addresses(binary, 1000) end)
      grown = Enum.reduce(1..1000, binary, fn _, binary -> binary <> "z" end)
      assert byte_size(grown) == 1101
      assert {_, _, sum} = Task.await(task)
      assert sum == 100 * ?x + ?y
    end

    test "may be a part of another one" do
      <<_::binary-size(10), part::binary-size(1000), _::binary>> = :binary.copy("q", 5000)
      assert {_, _, sum} = KitNif.EveryCheckpoint.addresses(part, 10)
      assert sum == 1000 * ?q
      assert KitNif.EveryCheckpoint.yield_shared(part, 10) == part
    end
  end

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end
end
