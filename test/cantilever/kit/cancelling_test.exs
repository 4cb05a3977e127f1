defmodule Cantilever.Kit.CancellingTest do
  # Counts what runs natively in the whole node.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.KitNif

  @dirty [
    spin_dirty_cpu: &KitNif.spin_dirty_cpu/1,
    spin_dirty_io: &KitNif.spin_dirty_io/1,
    spin_parallel: &KitNif.spin_parallel/1
  ]

  setup do
    eventually(fn -> KitNif.running() == 0 end)
    :ok
  end

  for {name, _fun} <- @dirty do
    describe "#{name}" do
      test "leaves its thread when its caller is killed" do
        test = self()
        {pid, monitor} = spawn_monitor(fn -> KitNif.unquote(name)(test) end)
        assert_receive :started, 5000
        eventually(fn -> KitNif.running() == 1 end)
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
        eventually(fn -> KitNif.running() == 0 end)
      end
    end
  end

  describe "a killed caller" do
    test "frees the dirty schedulers for others" do
      test = self()
      count = 4 * :erlang.system_info(:dirty_cpu_schedulers_online)
      pids = for _ <- 1..count, do: spawn(fn -> KitNif.spin_dirty_cpu(test) end)
      assert_receive :started, 5000
      Enum.each(pids, &Process.exit(&1, :kill))
      assert KitNif.kind_dirty_cpu() == "dirty_cpu"
      eventually(fn -> KitNif.running() == 0 end)
    end

    test "of Task.async_stream's timeout frees them too" do
      test = self()

      results =
        1..4
        |> Task.async_stream(fn _ -> KitNif.spin_dirty_cpu(test) end,
          timeout: 50,
          on_timeout: :kill_task
        )
        |> Enum.to_list()

      assert results == List.duplicate({:exit, :timeout}, 4)
      eventually(fn -> KitNif.running() == 0 end)
    end

    test "of a yielding function has its future dropped" do
      pids = for _ <- 1..100, do: spawn(&KitNif.spin_yielding/0)
      eventually(fn -> KitNif.running() == 100 end)
      Enum.each(pids, &Process.exit(&1, :kill))
      eventually(fn -> KitNif.running() == 0 end)
    end

    test "of a yielding function stops what its token was given to" do
      pid = spawn(&KitNif.spin_yielding_with_thread/0)
      eventually(fn -> KitNif.running() == 2 end)
      Process.exit(pid, :kill)
      eventually(fn -> KitNif.running() == 0 end)
    end

    test "leaves nothing behind, a thousand times in each mode" do
      test = self()

      for fun <- [fn -> KitNif.spin_dirty_cpu(test) end, &KitNif.spin_yielding/0],
          _ <- 1..1000 do
        {pid, monitor} = spawn_monitor(fun)
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
      end

      eventually(fn -> KitNif.running() == 0 end)
    end
  end
end
