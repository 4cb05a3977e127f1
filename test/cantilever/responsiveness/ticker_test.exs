defmodule Cantilever.Responsiveness.TickerTest do
  # It holds a scheduler for longer than other tests should wait.
  use ExUnit.Case, async: false

  alias Cantilever.KitNif
  alias Cantilever.Responsiveness.Ticker

  describe "start/1" do
    test "sends ticks while native code holds a scheduler, whichever it is" do
      %{tag: tag} = ticker = Ticker.start(20)
      test = self()

      pid =
        spawn_link(fn ->
          KitNif.hold_ms(2_000)
          send(test, :ended)
        end)

      assert_receive {^tag, :tick}
      assert Process.alive?(pid)
      refute_received :ended
      assert_receive :ended
      Ticker.stop(ticker)
    end

    test "ends with the caller" do
      test = self()
      {pid, monitor} = spawn_monitor(fn -> send(test, Ticker.start(1_000_000)) end)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :normal}
      assert_received %{pids: pids}
      assert length(pids) == System.schedulers_online()
      for pid <- pids, do: assert_ends(pid)
    end
  end

  describe "stop/1" do
    test "leaves no tick behind, and no process" do
      %{tag: tag, pids: pids} = ticker = Ticker.start(1)
      assert_receive {^tag, :tick}
      assert Ticker.stop(ticker) == :ok
      for pid <- pids, do: assert_ends(pid)
      refute_received _any
    end
  end

  defp assert_ends(pid) do
    monitor = Process.monitor(pid)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
  end
end
