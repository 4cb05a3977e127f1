defmodule Cantilever.ResponsivenessTest do
  # It takes all the schedulers, and looks at what the node has only one of.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.{KitNif, Responsiveness}
  alias Cantilever.Responsiveness.{CallTimeout, ElixirLoad, Report, Sample}

  doctest Responsiveness

  @short [duration: 200]

  describe "measure/2 is right about" do
    test "a function that holds its scheduler in every call" do
      assert %Report{verdict: %{status: :fails, reasons: [%{kind: :holds}]}} =
               measure(fn -> KitNif.hold_ms(22) end)
    end

    test "one that could yield and forgets to" do
      assert [:holds] = kinds(fn -> KitNif.yield_forgetting(10) end)
    end

    test "one that holds it in some calls" do
      assert [:holds_sometimes] = kinds(fn -> KitNif.hold_sometimes(97, 5) end)
    end

    test "one that takes all the dirty schedulers" do
      assert :dirty_cpu_taken in kinds(fn -> KitNif.rustler_dirty_for_ms(10) end)
    end

    test "one that yields" do
      assert %Report{verdict: %{status: :fine, reasons: []}} =
               measure(fn -> KitNif.yield_for_ms(10) end)
    end

    test "Elixir" do
      assert [] = kinds(fn -> Enum.reduce(1..50_000, 0, &(&1 + &2)) end)
    end

    test "a call that costs next to nothing" do
      assert [] = kinds(fn -> KitNif.take_i64(1) end)
    end
  end

  describe "measure/2" do
    test "tells how it measured, and each round of it" do
      report =
        measure(fn -> :ok end,
          duration: 30,
          rounds: 2,
          concurrency: 3,
          max_hold_ms: 2,
          max_p99_ratio: 4
        )

      assert %Report{concurrency: 3, duration_ms: 30, rounds: 2, max_hold_ms: 2, max_p99_ratio: 4} =
               report

      assert report.schedulers == System.schedulers_online()
      assert report.dirty_io_schedulers == :erlang.system_info(:dirty_io_schedulers)

      for %Sample{} = sample <- [report.idle, report.elixir, report.call] do
        assert length(sample.p99_us_by_round) == 2
        assert sample.elapsed_ms >= 60
        assert sample.answers > 0
        assert sample.memory.max >= sample.memory.before
      end

      assert report.idle.calls == 0
      assert length(report.elixir.calls_by_caller) == 3
      assert report.single.calls >= 6
    end

    test "shows its progress" do
      test = self()

      measure(fn -> :ok end,
        duration: 150,
        rounds: 2,
        on_progress: &send(test, {:progress, self(), &1})
      )

      seen = received_progress()
      assert Enum.all?(seen, &match?(%{rounds: 2}, &1))
      steps = seen |> Enum.map(&{&1.round, &1.phase}) |> Enum.dedup()
      rounds = for round <- 1..2, phase <- [:idle, :elixir, :call], do: {round, phase}
      # The first calls may take long enough to be seen.
      assert steps in [rounds, [{1, :call} | rounds]]
      elapsed = Enum.map(seen, & &1.elapsed_ms)
      assert elapsed == Enum.sort(elapsed)
      assert Enum.all?(seen, &(&1.elapsed_ms <= &1.total_ms))
    end

    test "shows its progress during the first calls too" do
      test = self()
      calls = :counters.new(1, [:atomics])

      fun = fn ->
        :counters.add(calls, 1, 1)

        if :counters.get(calls, 1) == 1 do
          send(test, {:first, self()})
          receive do: (:go -> :ok)
        end
      end

      progress = fn seen ->
        receive do
          {:first, call} -> send(test, {:seen, seen}) && send(call, :go)
        after
          0 -> :ok
        end
      end

      measure(fun, duration: 30, rounds: 1, timeout: 5_000, on_progress: progress)
      assert_received {:seen, %{phase: :call, round: 1, rounds: 1}}
    end

    test "gives up a call that does not end in time, the first as well as a later one" do
      for endless <- [1, 50] do
        calls = :counters.new(1, [:atomics])

        assert_raise CallTimeout, "the call did not end within 100 ms", fn ->
          measure(
            fn ->
              :counters.add(calls, 1, 1)
              if :counters.get(calls, 1) >= endless, do: receive(do: (:never -> :ok))
            end,
            timeout: 100
          )
        end

        eventually(&nothing_left/0)
      end
    end

    test "compares with an Elixir loop as long as a call, of which the first takes longer" do
      calls = :counters.new(1, [:atomics])

      report =
        measure(
          fn ->
            :counters.add(calls, 1, 1)
            if :counters.get(calls, 1) == 1, do: ElixirLoad.run_for(300_000)
          end,
          rounds: 1,
          concurrency: 1
        )

      assert report.elixir.calls > 10
    end

    test "ends with the error of the function" do
      assert_raise ArgumentError, ~r/take_i64/, fn -> measure(fn -> KitNif.take_i64(:no) end) end
      assert catch_throw(measure(fn -> throw(:up) end)) == :up
      assert catch_exit(measure(fn -> exit(:down) end)) == :down
      eventually(&nothing_left/0)
    end

    test "ends with an error that comes later, in one of the callers" do
      calls = :counters.new(1, [])

      assert_raise RuntimeError, "enough", fn ->
        measure(fn ->
          :counters.add(calls, 1, 1)
          if :counters.get(calls, 1) > 50, do: raise("enough")
        end)
      end

      eventually(&nothing_left/0)
    end

    test "ends when a caller is killed" do
      assert {:call_ended, :killed} = catch_exit(measure(fn -> Process.exit(self(), :kill) end))
    end

    test "ends with an error of what shows its progress" do
      assert_raise RuntimeError, "no screen", fn ->
        measure(fn -> :ok end, on_progress: fn _progress -> raise "no screen" end)
      end

      eventually(&nothing_left/0)
    end

    test "leaves nothing behind, neither when it ends nor when its process is killed in any phase" do
      before = Process.list()
      measure(fn -> KitNif.yield_for_ms(1) end, duration: 30, rounds: 1)
      assert nothing_left()

      for phase <- [:idle, :elixir, :call] do
        test = self()
        progress = fn now -> if now.phase == phase, do: send(test, {:reached, self()}) end

        {pid, monitor} =
          spawn_monitor(fn ->
            measure(fn -> KitNif.yield_for_ms(30) end,
              duration: 400,
              rounds: 1,
              on_progress: progress
            )
          end)

        # The second time says that the phase is under way.
        for _ <- 1..2, do: assert_receive({:reached, ^pid})
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
        eventually(&nothing_left/0)
        eventually(fn -> Process.list() -- before == [] end)
      end
    end

    test "refuses what it cannot call, and options that it does not know" do
      assert_raise ArgumentError, ~r/must be a function without arguments, got: nil/, fn ->
        measure(nil)
      end

      assert_raise ArgumentError, ~r/unknown option :seconds/, fn ->
        measure(fn -> 1 end, seconds: 3)
      end

      assert_raise ArgumentError, ~r/must be nil or a function/, fn ->
        Responsiveness.sample(:idle)
      end

      assert_raise ArgumentError, ~r/unknown option :rounds/, fn ->
        Responsiveness.sample(nil, rounds: 3)
      end
    end
  end

  describe "sample/2" do
    test "counts the calls of each caller, as they are" do
      calls = :counters.new(1, [])

      sample =
        Responsiveness.sample(fn -> :counters.add(calls, 1, 1) end, duration: 50, concurrency: 3)

      assert sample.calls == :counters.get(calls, 1)
      assert length(sample.calls_by_caller) == 3
      assert Enum.sum(sample.calls_by_caller) == sample.calls
      assert_in_delta sample.calls_per_s, sample.calls * 1_000 / sample.elapsed_ms, 0.1
      assert sample.utilisation.normal > 0
      assert sample.reductions > 0
    end

    test "ends when a caller is killed" do
      assert {:call_ended, :killed} =
               catch_exit(
                 Responsiveness.sample(fn -> Process.exit(self(), :kill) end, duration: 1)
               )
    end

    test "has each caller call once at least, however long that takes" do
      sample = Responsiveness.sample(fn -> KitNif.hold_ms(20) end, duration: 1, concurrency: 5)
      assert sample.calls_by_caller == [1, 1, 1, 1, 1]
      assert sample.elapsed_ms >= 20
      assert sample.longest_hold_ms >= 19
      assert sample.max_us >= 10_000
    end

    test "gives its callers the priority that it is told to" do
      test = self()

      for priority <- [:normal, :low] do
        tell = fn -> send(test, Process.info(self(), :priority)) end
        Responsiveness.sample(tell, duration: 1, concurrency: 1, priority: priority)
        assert_received {:priority, ^priority}
      end
    end

    test "knows the holds of processes that the function started" do
      sample =
        Responsiveness.sample(fn -> Task.await(Task.async(fn -> KitNif.hold_ms(15) end)) end,
          duration: 1
        )

      assert sample.longest_hold_ms >= 14
    end

    test "sees no holds of others" do
      stranger = spawn_link(fn -> hold_again_and_again() end)
      sample = Responsiveness.sample(fn -> Process.sleep(1) end, duration: 700, concurrency: 1)
      # The system may take a processor away from anybody, but not for so long.
      assert sample.longest_hold_ms == nil or sample.longest_hold_ms < 300
      Process.unlink(stranger)
      Process.exit(stranger, :kill)
    end

    test "shows how many queue for a dirty scheduler" do
      dirty = :erlang.system_info(:dirty_cpu_schedulers_online)

      sample =
        Responsiveness.sample(fn -> KitNif.rustler_dirty_for_ms(5) end,
          duration: 200,
          concurrency: dirty + 3
        )

      assert sample.run_queues.dirty_cpu.max >= 2
      assert sample.utilisation.dirty_cpu > 0.5
    end
  end

  defp measure(fun, options \\ []),
    do: Responsiveness.measure(fun, Keyword.merge(@short, options))

  defp kinds(fun), do: Enum.map(measure(fun).verdict.reasons, & &1.kind)

  # What the node has only one of.
  defp nothing_left do
    :erlang.system_monitor() == :undefined and
      :erlang.statistics(:scheduler_wall_time) == :undefined
  end

  defp received_progress do
    test = self()

    receive do
      {:progress, ^test, progress} -> [progress | received_progress()]
    after
      0 -> []
    end
  end

  defp hold_again_and_again do
    KitNif.hold_ms(300)
    :erlang.yield()
    hold_again_and_again()
  end
end
