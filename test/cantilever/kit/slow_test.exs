defmodule Cantilever.Kit.SlowTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.KitNif

  @event [:cantilever, :nif, :slow]

  # What a call of `function` in this VM is reported as, from now on.
  defp listen(function) do
    id = make_ref()

    :ok =
      :telemetry.attach_many(
        id,
        [@event],
        fn @event, measurements, metadata, test ->
          if metadata.function == function, do: send(test, {:slow, measurements, metadata})
        end,
        self()
      )

    on_exit(fn -> :telemetry.detach(id) end)
  end

  describe "a call that holds its scheduler" do
    test "is reported when it is Normal" do
      listen(:hold_ms)
      assert KitNif.hold_ms(300) == 300
      assert_receive {:slow, %{duration: duration}, metadata}
      assert metadata == %{module: KitNif, function: :hold_ms, arity: 1, schedule: :normal}
      assert System.convert_time_unit(duration, :native, :millisecond) in 1..100_000
    end

    test "is reported when it is one slice that forgets its checkpoints" do
      listen(:yield_then_forget)
      assert KitNif.yield_then_forget(300) == 300
      assert_receive {:slow, %{duration: duration}, metadata}

      assert metadata == %{
               module: KitNif,
               function: :yield_then_forget,
               arity: 1,
               schedule: :yielding
             }

      assert System.convert_time_unit(duration, :native, :millisecond) in 1..100_000
    end

    test "is reported each time, on every scheduler" do
      listen(:hold_ms)
      count = 4 * System.schedulers_online()

      1..count
      |> Task.async_stream(fn _ -> KitNif.hold_ms(600) end)
      |> Enum.each(&assert(&1 == {:ok, 600}))

      for _ <- 1..count, do: assert_receive({:slow, _measurements, _metadata})
    end
  end

  describe "a dirty call" do
    test "may take as long as it wants" do
      listen(:hold_dirty_ms)
      test = self()
      id = make_ref()

      :ok =
        :telemetry.attach_many(
          id,
          [@event],
          fn _, _, meta, _ -> send(test, meta.function) end,
          nil
        )

      on_exit(fn -> :telemetry.detach(id) end)
      assert KitNif.hold_dirty_ms(100) == 100
      # What is reported comes in order, so the dirty call's report would be here by then.
      assert KitNif.hold_ms(300) == 300
      assert_receive :hold_ms
      refute_received {:slow, _measurements, _metadata}
    end
  end

  describe "in a node of its own" do
    setup do
      peer = ChildVM.start()
      on_exit(fn -> if Process.alive?(peer), do: ChildVM.stop(peer) end)
      {:ok, peer: peer}
    end

    # The functions that were reported slow while `code` ran, and before a last one that surely is.
    defp reported(peer, code) do
      ChildVM.eval(peer, """
      alias Cantilever.KitNif.EveryCheckpoint
      test = self()
      :ok = :telemetry.attach_many(:test, [#{inspect(@event)}], fn _, _, meta, _ ->
        send(test, {:slow, meta.function})
      end, nil)
      #{code}
      """)
    end

    test "no call that is shorter than the setting slow_ms is reported", %{peer: peer} do
      assert ChildVM.load(peer, KitNif.EveryCheckpoint, cantilever: [slow_ms: 1_000]) == :ok

      assert reported(peer, """
             EveryCheckpoint.hold_ms(200)
             EveryCheckpoint.yield_then_forget(50)
             EveryCheckpoint.yield_for_ms(1_500)
             EveryCheckpoint.hold_ms(2_500)
             receive do message -> message end
             """) == {:slow, :hold_ms}
    end

    test "with slow_ms: :off none is, and there is no thread for it", %{peer: peer} do
      assert ChildVM.load(peer, KitNif.EveryCheckpoint, cantilever: [slow_ms: 1]) == :ok

      assert reported(peer, "EveryCheckpoint.hold_ms(200); receive do message -> message end") ==
               {:slow, :hold_ms}

      assert ChildVM.load(peer, KitNif.EveryCheckpoint, cantilever: [slow_ms: :off]) == :ok
      eventually(fn -> "cantilever-watc" not in threads(peer) end)

      assert reported(peer, """
             EveryCheckpoint.hold_ms(200)
             EveryCheckpoint.log_at("error", "text")
             :sys.get_state(Cantilever.NativeLogger)
             receive do message -> message after 0 -> :none end
             """) == :none
    end

    test "the watchdog sleeps while no calls are made, and wakes with the next", %{peer: peer} do
      assert reported(peer, "EveryCheckpoint.hold_ms(200); receive do message -> message end") ==
               {:slow, :hold_ms}

      eventually(fn -> asleep?(peer) end)

      assert reported(peer, "EveryCheckpoint.hold_ms(200); receive do message -> message end") ==
               {:slow, :hold_ms}
    end

    defp threads(peer), do: for(%{name: name} <- ChildVM.threads(peer), do: name)

    # Whether nothing has woken the thread in the time of 20 of its rounds. Where the system does not tell, it is taken for granted.
    defp asleep?(peer) do
      case for(%{name: "cantilever-watc", task: task} <- ChildVM.threads(peer), do: task) do
        [] -> true
        watchdogs -> Enum.all?(watchdogs, &(switches(&1) == switches_later(&1, 20)))
      end
    end

    defp switches_later(task, 0), do: switches(task)

    defp switches_later(task, rounds) do
      receive do
      after
        1 -> switches_later(task, rounds - 1)
      end
    end

    defp switches(task) do
      status = File.read!(Path.join(task, "status"))
      [_all, switches] = Regex.run(~r/^voluntary_ctxt_switches:\s+(\d+)/m, status)
      switches
    end
  end
end
