defmodule Cantilever.Responsiveness.LongSchedulesTest do
  # The system monitor is the node's only one.
  use ExUnit.Case, async: false

  alias Cantilever.KitNif
  alias Cantilever.Responsiveness.LongSchedules
  alias Cantilever.Responsiveness.ReportsLost

  setup do
    before = :erlang.system_monitor()
    on_exit(fn -> :erlang.system_monitor(before) end)
    _ = :erlang.system_monitor(:undefined)
    :ok
  end

  describe "subscribe/1" do
    test "tells of a process that ran for longer, until it is taken back" do
      subscription = LongSchedules.subscribe(1)
      pid = hold(20)
      assert LongSchedules.sync() == :ok
      assert_received {:long_schedule, ^subscription, ^pid, ms, _entered, _left}
      assert ms >= 19

      assert LongSchedules.unsubscribe(subscription) == :ok
      assert :erlang.system_monitor() == :undefined
      later = hold(20)
      refute_received {:long_schedule, _subscription, ^later, _ms, _entered, _left}
    end

    test "has the VM report from the lowest threshold on, and tells each what that one asked for" do
      low = LongSchedules.subscribe(1)
      high = LongSchedules.subscribe(1_000_000)
      lower = LongSchedules.subscribe(5)
      assert {_owner, long_schedule: 1} = :erlang.system_monitor()

      pid = hold(20)
      LongSchedules.sync()
      assert_received {:long_schedule, ^low, ^pid, _ms, _entered, _left}
      assert_received {:long_schedule, ^lower, ^pid, _ms, _entered, _left}
      refute_received {:long_schedule, ^high, ^pid, _ms, _entered, _left}

      LongSchedules.unsubscribe(low)
      assert {_owner, long_schedule: 5} = :erlang.system_monitor()
      LongSchedules.unsubscribe(lower)
      assert {_owner, long_schedule: 1_000_000} = :erlang.system_monitor()
      LongSchedules.unsubscribe(high)
      assert :erlang.system_monitor() == :undefined
    end

    test "sends what its type says" do
      {:ok, types} = Code.Typespec.fetch_types(LongSchedules)
      {:type, report} = Enum.find(types, &match?({:type, {:report, _type, []}}, &1))
      {:report, {:type, _line, :tuple, elements}, []} = report

      subscription = LongSchedules.subscribe(1)
      send(LongSchedules, {:monitor, self(), :long_schedule, [timeout: 5, in: :undefined]})
      assert_receive {:long_schedule, ^subscription, _pid, 5, _entered, _left} = sent
      assert tuple_size(sent) == length(elements)
      LongSchedules.unsubscribe(subscription)
    end

    test "tells of ports, which stood nowhere" do
      subscription = LongSchedules.subscribe(1)
      port = hd(Port.list())
      send(LongSchedules, {:monitor, port, :long_schedule, [timeout: 5, port_op: :timeout]})
      assert_receive {:long_schedule, ^subscription, ^port, 5, :undefined, :undefined}
      LongSchedules.unsubscribe(subscription)
    end

    test "ends with the subscriber" do
      test = self()

      subscriber =
        spawn(fn ->
          LongSchedules.subscribe(1)
          send(test, :subscribed)
          receive do: (:never -> :ok)
        end)

      assert_receive :subscribed
      assert {_owner, long_schedule: 1} = :erlang.system_monitor()
      Process.exit(subscriber, :kill)
      Cantilever.Eventually.eventually(fn -> :erlang.system_monitor() == :undefined end)
    end
  end

  describe "what somebody else had set" do
    test "is kept up, gets what it asked for, and is set again afterwards" do
      other = forwarder()
      :erlang.system_monitor(other, [:busy_port, long_gc: 5_000, long_schedule: 10])
      settings = :erlang.system_monitor()

      subscription = LongSchedules.subscribe(1_000_000)
      {owner, merged} = :erlang.system_monitor()
      assert owner == Process.whereis(LongSchedules)
      assert Enum.sort(merged) == [:busy_port, long_gc: 5_000, long_schedule: 10]

      pid = hold(30)
      assert_receive {:forwarded, {:monitor, ^pid, :long_schedule, [timeout: ms, in: _, out: _]}}
      assert ms > 10
      LongSchedules.sync()
      refute_received {:long_schedule, ^subscription, ^pid, _ms, _entered, _left}

      assert LongSchedules.unsubscribe(subscription) == :ok
      assert :erlang.system_monitor() == settings
    end

    test "gets no more than it asked for" do
      other = forwarder()
      :erlang.system_monitor(other, long_schedule: 10_000)
      subscription = LongSchedules.subscribe(1)
      pid = hold(20)
      LongSchedules.sync()
      assert_received {:long_schedule, ^subscription, ^pid, _ms, _entered, _left}
      assert LongSchedules.unsubscribe(subscription) == :ok
      send(other, :done)
      assert_receive {:forwarded, :done}
      refute_received {:forwarded, {:monitor, _pid, _what, _info}}
    end

    test "gets reports of other kinds" do
      other = forwarder()
      :erlang.system_monitor(other, large_heap: 100_000)
      subscription = LongSchedules.subscribe(1_000_000)
      spawn(fn -> Enum.to_list(1..500_000) end)
      assert_receive {:forwarded, {:monitor, _pid, :large_heap, _info}}
      LongSchedules.unsubscribe(subscription)
    end

    test "is forgotten with who had set it" do
      other = forwarder()
      :erlang.system_monitor(other, [:busy_port])
      subscription = LongSchedules.subscribe(7)
      Process.exit(other, :kill)

      Cantilever.Eventually.eventually(fn ->
        match?({_owner, long_schedule: 7}, :erlang.system_monitor())
      end)

      LongSchedules.unsubscribe(subscription)
      assert :erlang.system_monitor() == :undefined
    end
  end

  test "says so when somebody takes the system monitor over" do
    subscription = LongSchedules.subscribe(1)
    other = forwarder()
    :erlang.system_monitor(other, [:busy_port])
    assert LongSchedules.unsubscribe(subscription) == {:error, :reports_lost}
    assert :erlang.system_monitor() == {other, [:busy_port]}

    subscription = LongSchedules.subscribe(1)
    :erlang.system_monitor(other, [:busy_port])

    assert_raise ReportsLost, ~r/set the VM's system monitor/, fn ->
      LongSchedules.finish!(subscription)
    end
  end

  test "says so when somebody has reset the system monitor, or has taken it over and gone" do
    subscription = LongSchedules.subscribe(1)
    :erlang.system_monitor(:undefined)
    assert LongSchedules.unsubscribe(subscription) == {:error, :reports_lost}

    subscription = LongSchedules.subscribe(1)
    {other, monitor} = spawn_monitor(fn -> receive(do: (:stop -> :ok)) end)
    :erlang.system_monitor(other, [:busy_port])
    Process.exit(other, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^other, :killed}
    assert LongSchedules.unsubscribe(subscription) == {:error, :reports_lost}
  end

  test "says so to those who were there when the system monitor was taken over, and to no later one" do
    early = LongSchedules.subscribe(1)
    :erlang.system_monitor(forwarder(), [:busy_port])
    late = LongSchedules.subscribe(1)
    assert LongSchedules.unsubscribe(early) == {:error, :reports_lost}
    assert LongSchedules.unsubscribe(late) == :ok
  end

  test "says so after it was restarted" do
    subscription = LongSchedules.subscribe(1)
    old = Process.whereis(LongSchedules)
    Process.exit(old, :kill)
    Cantilever.Eventually.eventually(fn -> Process.whereis(LongSchedules) not in [nil, old] end)
    assert LongSchedules.unsubscribe(subscription) == {:error, :reports_lost}
  end

  test "restores what was set when it ends itself" do
    other = forwarder()
    :erlang.system_monitor(other, [:busy_port])
    LongSchedules.subscribe(1)
    GenServer.stop(LongSchedules, :shutdown)
    assert :erlang.system_monitor() == {other, [:busy_port]}
    Cantilever.Eventually.eventually(fn -> Process.whereis(LongSchedules) end)
  end

  defp hold(ms) do
    {pid, monitor} = spawn_monitor(fn -> KitNif.hold_ms(ms) end)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :normal}
    pid
  end

  defp forwarder do
    test = self()
    start_supervised!({Task, fn -> forward(test) end})
  end

  defp forward(to) do
    receive do: (message -> send(to, {:forwarded, message}))
    forward(to)
  end
end
