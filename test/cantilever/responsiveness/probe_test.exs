defmodule Cantilever.Responsiveness.ProbeTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{Histogram, Probe}

  describe "take/1" do
    test "tells what was seen since the last time, each answer once, and goes on" do
      {:ok, probe} = Probe.start_link(echoes: [self()])
      {_echo, moment} = answer(probe)
      # It takes its messages in their order, so it has counted the answer.
      first = Probe.take(probe)
      assert first.answers >= 1
      assert Probe.take(probe).answers == 0

      # What was open meanwhile is not lost.
      {_echo, later} = answer(probe)
      assert first.answers + Probe.take(probe).answers >= later - moment + 1
      Probe.stop(probe)
    end
  end

  describe "start_link/1 and stop/1" do
    test "asks at one millisecond after the other, and counts an answer for each" do
      {:ok, probe} = Probe.start_link(echoes: [self()])
      tags = for _ <- 1..20, do: answer(probe)
      summary = Probe.stop(probe)
      asked = for {_echo, moment} <- tags, do: moment

      assert asked == Enum.uniq(Enum.sort(asked))
      assert summary.answers >= List.last(asked) - hd(asked) + 1
      assert summary.p50_us <= summary.p90_us
      assert summary.p90_us <= summary.p99_us
      assert summary.p99_us <= summary.p999_us
      assert summary.p999_us <= summary.max_us
      assert Histogram.count(summary.histogram) == summary.answers
    end

    test "goes on asking when no answer comes, and counts the open questions" do
      {:ok, probe} = Probe.start_link(echoes: [self()])
      moments = for _ <- 1..4, do: question(probe)
      summary = Probe.stop(probe)

      assert summary.answers >= 4
      # The first of them has waited since before the last one was asked.
      assert summary.max_us >= (List.last(moments) - hd(moments)) * 1_000
    end

    test "counts the questions that it could not ask in time" do
      {:ok, probe} = Probe.start_link(echoes: [self()])
      first = question(probe)
      :ok = :sys.suspend(probe)
      _timer = :erlang.start_timer(first + 30, self(), :later, abs: true)
      assert_receive {:timeout, _timer, :later}
      :ok = :sys.resume(probe)
      summary = Probe.stop(probe)

      assert summary.answers >= 30
      assert summary.max_us >= 29_000
    end

    test "asks a process on each scheduler" do
      {:ok, probe} = Probe.start_link()
      {:links, links} = Process.info(probe, :links)
      echoes = links -- [self()]
      assert length(echoes) == System.schedulers_online()

      :erlang.trace(probe, true, [:receive])

      for echo <- echoes,
          do: assert_receive({:trace, ^probe, :receive, {:answer, {^echo, _moment}}})

      :erlang.trace(probe, false, [:receive])

      assert Probe.stop(probe).answers > 0
      for pid <- [probe | echoes], do: assert_ended(pid)
    end

    test "takes nobody with it when it stops" do
      Process.flag(:trap_exit, true)

      for _ <- 1..500 do
        {:ok, probe} = Probe.start_link()
        Probe.stop(probe)
        assert_receive {:EXIT, ^probe, reason}
        assert reason == :normal
      end
    end

    test "ends with its caller, however that ends" do
      for reason <- [:normal, :shutdown, :kill] do
        test = self()

        caller =
          spawn(fn ->
            {:ok, probe} = Probe.start_link()
            {:links, links} = Process.info(probe, :links)
            send(test, {:started, [probe | links -- [self()]]})
            receive do: (:never -> :ok)
          end)

        assert_receive {:started, pids}
        Process.exit(caller, reason)
        # A process that traps nothing does not end when it is told to with the reason :normal.
        if reason == :normal, do: send(caller, :never)
        Enum.each(pids, &assert_ended/1)
      end
    end

    test "refuses what it cannot ask" do
      for options <- [[echoes: []], [echo: self()], :fast] do
        assert_raise ArgumentError, ~r/only option of a probe is :echoes/, fn ->
          Probe.start_link(options)
        end
      end
    end
  end

  defp question(probe) do
    assert_receive {:ask, ^probe, {_echo, moment}}
    moment
  end

  defp answer(probe) do
    assert_receive {:ask, ^probe, tag}
    send(probe, {:answer, tag})
    tag
  end

  defp assert_ended(pid) do
    monitor = Process.monitor(pid)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
  end
end
