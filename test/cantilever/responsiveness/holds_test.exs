defmodule Cantilever.Responsiveness.HoldsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Holds

  # The reports are made up, so that it does not matter what the VM happens to report.
  describe "received/2" do
    test "takes those about the processes, and drops the others" do
      report(self(), 5)
      report(stranger(), 6)
      assert received([self()]) == [{5, nil}]
      assert received([self()]) == []
    end

    test "knows children and grandchildren, tasks, and who has ended" do
      test = self()
      parent = spawn_link(fn -> relay(test) end)
      assert_receive {:relayed, ^parent, child, grandchild}
      report(child, 3)
      report(grandchild, 4)
      assert received([parent]) == [{3, nil}, {4, nil}]

      {:ok, supervisor} = Task.Supervisor.start_link()
      task = Task.Supervisor.async_nolink(supervisor, fn -> receive do: (:never -> :ok) end)
      report(task.pid, 5)
      assert received([self()]) == [{5, nil}]

      {ended, monitor} = spawn_monitor(fn -> :ok end)
      assert_receive {:DOWN, ^monitor, :process, ^ended, _reason}
      # Whoever it was, its place may be somebody else's.
      report(ended, 6, {:lists, :map, 2}, {:lists, :map, 2})
      assert received([stranger()]) == [{6, nil}]
    end

    test "knows nobody when there is nobody to know" do
      report(self(), 5)
      assert received([]) == []
    end

    test "leaves out ports, and those of other subscriptions" do
      report(hd(Port.list()), 5)
      send(self(), {:long_schedule, :other, self(), 7, :undefined, :undefined})
      assert received([self()]) == []
      assert_received {:long_schedule, :other, _pid, 7, _entered, _left}
    end

    test "names where the process was left rather than where it began, and neither the VM's own functions nor its own" do
      place = {MyApp.Native, :render, 1}
      own = {Cantilever.Responsiveness.Callers, :repeat, 2}

      for {entered, left, expected} <- [
            {:undefined, place, place},
            {place, :undefined, place},
            {{:lists, :map, 2}, place, place},
            {place, {:erlang, :put, 2}, place},
            {own, own, nil},
            {:undefined, :undefined, nil}
          ] do
        report(self(), 9, entered, left)
        assert received([self()]) == [{9, expected}]
      end
    end
  end

  defp report(pid, ms, entered \\ :undefined, left \\ :undefined),
    do: send(self(), {:long_schedule, subscription(), pid, ms, entered, left})

  defp received(pids), do: Holds.received(subscription(), MapSet.new(pids))

  # A reference for each test that is the same whenever it is asked for.
  defp subscription do
    case Process.get(:subscription) do
      nil -> make_ref() |> tap(&Process.put(:subscription, &1))
      reference -> reference
    end
  end

  defp stranger, do: Process.whereis(Cantilever.NativeLogger)

  defp relay(test) do
    me = self()

    child =
      spawn_link(fn ->
        send(me, {:grandchild, spawn_link(fn -> receive do: (:never -> :ok) end)})
        receive do: (:never -> :ok)
      end)

    receive do
      {:grandchild, grandchild} -> send(test, {:relayed, me, child, grandchild})
    end

    receive do: (:never -> :ok)
  end
end
