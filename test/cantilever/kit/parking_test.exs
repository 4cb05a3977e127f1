defmodule Cantilever.Kit.ParkingTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.KitNif

  describe "a future that waits for something else than a checkpoint" do
    test "goes on when it is woken" do
      slot = KitNif.slot_new()
      task = Task.async(fn -> KitNif.slot_take(slot) end)
      eventually(fn -> KitNif.slot_waited_for(slot) end)
      assert KitNif.slot_put(slot, 7)
      assert Task.await(task) == 7
    end

    test "does not wait for what is there" do
      slot = KitNif.slot_new()
      assert KitNif.slot_put(slot, 8)
      assert KitNif.slot_take(slot) == 8
      assert KitNif.EveryCheckpoint.sleep_ms(0) == 0
    end

    test "may work in between" do
      slot = KitNif.slot_new()
      task = Task.async(fn -> KitNif.slot_take_then_work(slot, 10_000) end)
      eventually(fn -> KitNif.slot_waited_for(slot) end)
      assert KitNif.slot_put(slot, 21)
      assert Task.await(task) == 42
    end

    test "wakes itself from a thread" do
      assert KitNif.sleep_ms(20) == 20
    end

    test "is dropped when its caller is killed" do
      slot = KitNif.slot_new()
      {pid, monitor} = spawn_monitor(fn -> KitNif.slot_take(slot) end)
      eventually(fn -> KitNif.slot_waited_for(slot) end)
      assert KitNif.slot_references(slot) == 2
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
      eventually(fn -> KitNif.slot_references(slot) == 1 end)
    end

    test "holds no thread while ten thousand of them wait" do
      slot = KitNif.slot_new()
      tasks = for _ <- 1..10_000, do: Task.async(fn -> KitNif.slot_take(slot) end)
      suspended? = &(Process.info(&1.pid, :status) == {:status, :suspended})
      eventually(fn -> Enum.all?(tasks, suspended?) end, 60_000)
      assert File.read!(__ENV__.file) =~ "holds no thread while"
      assert KitNif.kind_dirty_io() == "dirty_io"
      # A slot keeps one waker: whoever waits is woken by being looked after in turn.
      release(slot, tasks)
    end

    test "takes turns on dirty I/O schedulers only until there is somebody to suspend its process" do
      vm = ChildVM.start()

      waiting = fn what ->
        ChildVM.eval(vm, "{slot, pid} = :persistent_term.get(:waiting); #{what}")
      end

      ChildVM.eval(vm, """
      :ok = Application.stop(:cantilever)
      slot = Cantilever.KitNif.slot_new()
      pid = spawn(fn -> Cantilever.KitNif.slot_take(slot) end)
      :persistent_term.put(:waiting, {slot, pid})
      """)

      eventually(fn -> waiting.("Cantilever.KitNif.slot_waited_for(slot)") end)
      assert waiting.("Process.info(pid, :status)") != {:status, :suspended}

      ChildVM.eval(vm, "{:ok, _started} = Application.ensure_all_started(:cantilever)")
      eventually(fn -> waiting.("Process.info(pid, :status)") == {:status, :suspended} end)

      assert waiting.("Cantilever.KitNif.slot_put(slot, 7)")
      eventually(fn -> waiting.("not Process.alive?(pid)") end)
      ChildVM.stop(vm)
    end

    test "uses next to no processor while it waits" do
      slot = KitNif.slot_new()
      task = Task.async(fn -> KitNif.slot_take(slot) end)
      eventually(fn -> Process.info(task.pid, :status) == {:status, :suspended} end)
      {:reductions, before} = Process.info(task.pid, :reductions)
      assert KitNif.sleep_ms(200) == 200
      {:reductions, afterwards} = Process.info(task.pid, :reductions)
      # Polling all the while would have been charged 4,000 reductions for every 20 µs.
      assert afterwards - before < 10_000
      assert KitNif.slot_put(slot, 1)
      assert Task.await(task) == 1
    end
  end

  defp release(slot, tasks) do
    KitNif.slot_put(slot, 5)
    for task <- tasks, do: send(task.pid, :ignored)
    for task <- tasks, do: Task.shutdown(task, :brutal_kill)
    eventually(fn -> KitNif.slot_references(slot) == 1 end)
  end
end
