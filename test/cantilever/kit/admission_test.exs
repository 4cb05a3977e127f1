defmodule Cantilever.Kit.AdmissionTest do
  # Takes all the dirty schedulers that the library may have.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.KitNif
  alias Cantilever.KitNif.EveryCheckpoint

  @kinds [
    {"DirtyCpu", &KitNif.enter_dirty_cpu/2,
     max(:erlang.system_info(:dirty_cpu_schedulers_online) - 1, 1)},
    {"DirtyIo", &KitNif.enter_dirty_io/2, :erlang.system_info(:dirty_io_schedulers) - 1}
  ]

  for {kind, function, limit} <- @kinds do
    describe "#{kind} calls, four times as many as there are schedulers," do
      @function function
      @limit limit
      @count 4 * (limit + 1)

      test "leave one scheduler to others" do
        door = KitNif.door_new()
        tasks = enter(door, @function, 1..@count)
        eventually(fn -> KitNif.door_running(door) == @limit end)
        eventually(fn -> suspended(tasks) == @count - @limit end)

        assert File.read!(__ENV__.file) =~ "leave one scheduler"
        assert collect_large_heap() == :ok
        assert EveryCheckpoint.kind_dirty_cpu() == "dirty_cpu"

        KitNif.door_open(door)
        assert Task.await_many(tasks) == Enum.to_list(1..@count)
        assert KitNif.door_most(door) == @limit
      end

      test "give their places to others when their callers are killed, running or waiting" do
        door = KitNif.door_new()
        tasks = Enum.map(1..@count, &enter_in_turn(door, @function, &1, @limit))
        # Every second one of those that wait, then those that run.
        killed = Enum.filter((@limit + 1)..@count, &(rem(&1, 2) == 0)) ++ Enum.to_list(1..@limit)
        for number <- killed, do: Task.shutdown(Enum.at(tasks, number - 1), :brutal_kill)

        expected = Enum.to_list(1..@limit) ++ (Enum.to_list((@limit + 1)..@count) -- killed)
        eventually(fn -> length(KitNif.door_order(door)) >= min(2 * @limit, length(expected)) end)
        KitNif.door_open(door)

        for {task, number} <- Enum.zip(tasks, 1..@count),
            number not in killed,
            do: Task.await(task)

        assert Enum.sort(KitNif.door_order(door)) == expected
      end
    end
  end

  describe "waiting calls" do
    test "are let in first come, first served" do
      door = KitNif.door_new()
      tasks = for n <- 1..40, do: enter_in_turn(door, &KitNif.enter_one_by_one/2, n, 1)
      KitNif.door_open(door)
      Task.await_many(tasks)
      assert KitNif.door_order(door) == Enum.to_list(1..40)
    end

    test "wait on while the suspender is restarted, as do those that come meanwhile" do
      door = KitNif.door_new()
      limit = :erlang.system_info(:dirty_io_schedulers) - 1
      tasks = enter(door, &KitNif.enter_dirty_io/2, 1..40)
      eventually(fn -> suspended(tasks) == 40 - limit end)

      Process.exit(Process.whereis(Cantilever.Suspender), :kill)
      tasks = tasks ++ enter(door, &KitNif.enter_dirty_io/2, 41..80)
      eventually(fn -> suspended(tasks) == 80 - limit end)

      KitNif.door_open(door)
      assert Task.await_many(tasks) == Enum.to_list(1..80)
      assert KitNif.door_most(door) == limit
    end

    test "may be ten thousand" do
      Process.flag(:trap_exit, true)
      door = KitNif.door_new()
      tasks = enter(door, &KitNif.enter_dirty_io/2, 1..10_000)
      eventually(fn -> suspended(tasks) > 9_000 end, 60_000)
      {killed, kept} = Enum.split_with(tasks, &(rem(:erlang.phash2(&1.pid), 2) == 0))
      Enum.each(killed, &Process.exit(&1.pid, :kill))
      KitNif.door_open(door)
      assert length(Task.await_many(kept, 60_000)) == length(kept)

      for %{ref: ref} <- killed,
          do: assert_receive({:DOWN, ^ref, :process, _pid, :killed}, 60_000)
    end

    test "leave nothing in the suspender" do
      eventually(fn -> :ets.info(:sys.get_state(Cantilever.Suspender), :size) == 0 end)
    end
  end

  describe "a limit of the function's own" do
    test "holds where the library has none" do
      door = EveryCheckpoint.door_new()
      tasks = enter(door, &EveryCheckpoint.enter_one_by_one/2, 1..5)
      eventually(fn -> suspended(tasks) == 4 end)
      others = enter(door, &EveryCheckpoint.enter_dirty_io/2, 6..8)
      eventually(fn -> EveryCheckpoint.door_running(door) == 4 end)
      EveryCheckpoint.door_open(door)
      assert Task.await_many(tasks ++ others) == Enum.to_list(1..8)
      assert EveryCheckpoint.door_most(door) == 4
    end

    test "of none at all lets all of them in" do
      door = EveryCheckpoint.door_new()
      count = :erlang.system_info(:dirty_io_schedulers)
      tasks = enter(door, &EveryCheckpoint.enter_dirty_io/2, 1..count)
      eventually(fn -> EveryCheckpoint.door_running(door) == count end)
      EveryCheckpoint.door_open(door)
      assert Task.await_many(tasks) == Enum.to_list(1..count)
    end
  end

  describe "where the application is not started" do
    test "calls are let in, as nobody could suspend them, and futures wait all the same" do
      vm = ChildVM.start()

      assert ChildVM.eval(vm, """
             :ok = Application.stop(:cantilever)
             alias Cantilever.KitNif
             door = KitNif.door_new()
             parent = self()
             for n <- 1..20, do: spawn(fn -> send(parent, {:done, KitNif.enter_dirty_io(door, n)}) end)
             KitNif.door_open(door)
             for _ <- 1..20, do: receive(do: ({:done, _n} -> :ok))
             KitNif.sleep_ms(20)
             """) == 20

      ChildVM.stop(vm)
    end
  end

  defp enter(door, function, numbers) do
    for number <- numbers, do: Task.async(fn -> function.(door, number) end)
  end

  # The call that comes beyond the limit is waiting when this returns, so that the next one comes after it.
  defp enter_in_turn(door, function, number, limit) do
    [task] = enter(door, function, [number])

    eventually(fn ->
      if number <= limit,
        do: KitNif.door_running(door) == number,
        else: suspended([task]) == 1
    end)

    task
  end

  defp suspended(tasks) do
    Enum.count(tasks, &(Process.info(&1.pid, :status) == {:status, :suspended}))
  end

  # Large enough for the VM to collect it on a dirty scheduler.
  defp collect_large_heap do
    Task.async(fn ->
      kept = Enum.to_list(1..2_000_000)
      true = :erlang.garbage_collect()
      if hd(kept) == 1, do: :ok
    end)
    |> Task.await(60_000)
  end
end
