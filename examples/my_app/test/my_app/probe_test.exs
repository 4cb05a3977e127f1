defmodule MyApp.ProbeTest do
  use ExUnit.Case, async: true

  alias MyApp.Probe

  describe "start/1 and stop/1" do
    test "asks at one millisecond after the other and counts the answers" do
      probe = Probe.start(self())
      moments = for _ <- 1..20, do: answer(probe)
      summary = Probe.stop(probe)

      assert moments == Enum.to_list(hd(moments)..(hd(moments) + 19))
      assert summary.count >= 20
      assert summary.p50_us <= summary.p99_us
      assert summary.p99_us <= summary.max_us
    end

    test "goes on asking when no answer comes, and counts the open questions" do
      probe = Probe.start(self())
      for _ <- 1..4, do: assert_receive({:ask, ^probe, _moment})
      summary = Probe.stop(probe)

      assert summary.count >= 4
      assert summary.max_us >= 3_000
    end

    test "measures an ordinary process by default" do
      probe = Probe.start()
      :erlang.trace(probe, true, [:receive])
      assert_receive {:trace, ^probe, :receive, {:answer, _moment}}
      assert Probe.stop(probe).count > 0
      refute Process.alive?(probe)
    end

    test "ends with its caller" do
      test = self()

      {caller, monitor} =
        spawn_monitor(fn ->
          send(test, {:probe, Probe.start(test)})
          receive do: (:stop -> exit(:shutdown))
        end)

      assert_receive {:probe, probe}
      ended = Process.monitor(probe)
      send(caller, :stop)
      assert_receive {:DOWN, ^monitor, :process, ^caller, :shutdown}
      assert_receive {:DOWN, ^ended, :process, ^probe, :shutdown}
    end
  end

  defp answer(probe) do
    assert_receive {:ask, ^probe, moment}
    send(probe, {:answer, moment})
    moment
  end
end
