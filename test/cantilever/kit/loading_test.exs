defmodule Cantilever.Kit.LoadingTest do
  use ExUnit.Case, async: true

  import Cantilever.ChildVM, only: [load: 3, load: 4]
  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.KitNif
  alias Cantilever.KitNif.EveryCheckpoint

  @moduletag :capture_log

  setup do
    peer = ChildVM.start()
    on_exit(fn -> if Process.alive?(peer), do: ChildVM.stop(peer) end)
    {:ok, peer: peer}
  end

  describe "a load that fails" do
    test "says why", %{peer: peer} do
      assert load(peer, KitNif, :fail) =~ "load was told to fail"
      assert load(peer, KitNif, 1) == :ok
    end

    test "says what its panic said, and where", %{peer: peer} do
      message = load(peer, KitNif, :panic)
      assert message =~ "load was told to panic"
      assert message =~ "loading.rs:"
    end

    test "for its settings names the wrong one", %{peer: peer} do
      for {settings, text} <- [
            {[slice_us: -1], "slice_us must be an integer from 0 to 2000 (µs), got: -1"},
            {[slice_us: 2001], "slice_us must be an integer from 0 to 2000 (µs), got: 2001"},
            {%{threads: 0}, "threads must be an integer from 1 to 1024, got: 0"},
            {[dirty_cpu_limit: 0],
             "dirty_cpu_limit must be an integer from 1 to 1024, or :infinity, got: 0"},
            {[dirty_io_limit: :none], "dirty_io_limit must be an integer from 1"},
            {[log: :loud],
             "log must be :off, :error, :warning, :info, :debug or :trace, got: :loud"},
            {[slow_ms: 0], "slow_ms must be an integer from 1 to 60000 (ms) or :off, got: 0"},
            {[slow_ms: :on], "slow_ms must be an integer from 1 to 60000 (ms) or :off, got: :on"},
            {[slices: 1],
             "unknown setting :slices, known are :dirty_cpu_limit, :dirty_io_limit, :log, " <>
               ":slice_us, :slow_ms, :threads, :threads_idle_ms and :threads_nice"},
            {[threads_idle_ms: 0],
             "threads_idle_ms must be an integer from 1 to 3600000 (ms), got: 0"},
            {[threads_nice: 20], "threads_nice must be an integer from 0 to 19, got: 20"},
            {:all, "cantilever must be a keyword list or a map with atom keys, got: :all"}
          ] do
        assert load(peer, KitNif, cantilever: settings) =~ text
      end

      assert load(peer, KitNif,
               cantilever: [
                 slice_us: 2000,
                 threads: 1024,
                 dirty_cpu_limit: :infinity,
                 log: :off,
                 slow_ms: :off
               ]
             ) == :ok
    end

    test "finds its settings among whatever else there is", %{peer: peer} do
      for load_data <- [
            %{"path" => 1, cantilever: [slices: 1]},
            [{"path", 1}, :flag, {:cantilever, [slices: 1]}]
          ] do
        assert load(peer, KitNif, load_data) =~ "unknown setting :slices"
      end
    end

    test "leaves the library that is loaded at work, with its settings", %{peer: peer} do
      assert load(peer, EveryCheckpoint, cantilever: [slice_us: 0]) == :ok

      ChildVM.eval(
        peer,
        ":persistent_term.put(:counter, Cantilever.KitNif.EveryCheckpoint.counter_new(1))"
      )

      for wrong <- [:fail, :panic, [cantilever: [slice_us: 1000, threads: -1]]] do
        assert load(peer, EveryCheckpoint, wrong) =~ "could not be loaded"

        assert ChildVM.eval(peer, """
               alias Cantilever.KitNif.EveryCheckpoint
               EveryCheckpoint.take_slices()
               EveryCheckpoint.yield_sum(Enum.to_list(1..100), 1)
               {EveryCheckpoint.take_slices(), EveryCheckpoint.counter_add(:persistent_term.get(:counter), 0)}
               """) == {100, 1}
      end
    end
  end

  describe "the pool" do
    test "has as many threads as its setting says, as nice as it says", %{peer: peer} do
      assert load(peer, EveryCheckpoint, cantilever: [threads: 3, threads_nice: 7]) == :ok

      assert ChildVM.eval(peer, "Cantilever.KitNif.EveryCheckpoint.kind_parallel()") ==
               "unmanaged"

      # They start, get their names and lower themselves one after the other.
      eventually(fn ->
        {pool, others} =
          peer |> ChildVM.threads() |> Enum.split_with(&(&1.name =~ ~r/\Acantilever-\d/))

        if :os.type() == {:unix, :linux},
          do: Enum.map(pool, & &1.nice) == [7, 7, 7] and Enum.all?(others, &(&1.nice == 0)),
          else: pool == []
      end)
    end
  end

  describe "loading a library again" do
    test "keeps handles, whether the old code is purged or not", %{peer: peer} do
      assert load(peer, EveryCheckpoint, 1) == :ok
      assert ChildVM.eval(peer, "Cantilever.KitNif.EveryCheckpoint.seen_load_data()") == 1

      ChildVM.eval(
        peer,
        ":persistent_term.put(:counter, Cantilever.KitNif.EveryCheckpoint.counter_new(1))"
      )

      add = "Cantilever.KitNif.EveryCheckpoint.counter_add(:persistent_term.get(:counter), 1)"

      for i <- 2..20 do
        assert load(peer, EveryCheckpoint, i) == :ok

        if rem(i, 2) == 0,
          do: ChildVM.eval(peer, ":code.purge(Cantilever.KitNif.EveryCheckpoint)")

        assert ChildVM.eval(peer, "Cantilever.KitNif.EveryCheckpoint.seen_load_data()") == i
        assert ChildVM.eval(peer, add) == i
      end
    end
  end

  describe "loading a library with rustler's resources again" do
    test "is refused while it is there, and leaves it at work", %{peer: peer} do
      count = """
      counters = for _ <- 1..1000, do: Cantilever.KitNif.rustler_counter_new()
      counters |> Enum.map(&Cantilever.KitNif.rustler_counter_next/1) |> Enum.sum()
      """

      assert load(peer, KitNif, 1) == :ok
      assert load(peer, KitNif, 2) =~ "delete and purge the module first"
      assert ChildVM.eval(peer, count) == 0

      ChildVM.eval(peer, ":code.delete(Cantilever.KitNif) and :code.purge(Cantilever.KitNif)")
      assert load(peer, KitNif, :fail) =~ "load was told to fail"
      assert load(peer, KitNif, 3) == :ok
      assert ChildVM.eval(peer, "Cantilever.KitNif.seen_load_data()") == 3
      assert ChildVM.eval(peer, count) == 0
    end
  end

  describe "loading another build beside" do
    test "lets calls in flight finish, and turns old handles down", %{peer: peer} do
      dir = Application.app_dir(:cantilever, "other build #{System.unique_integer([:positive])}")
      on_exit(fn -> File.rm_rf!(dir) end)
      File.mkdir_p!(dir)
      other = Path.join(dir, "kit_nif.so")
      File.cp!(ChildVM.library(KitNif), other)

      ChildVM.eval(peer, """
      alias Cantilever.KitNif
      :persistent_term.put(:counter, KitNif.counter_new(1))
      keep = fn name, fun ->
        caller = spawn(fn ->
          value = fun.()
          receive do {:value, pid} -> send(pid, {:value, value}) end
        end)
        Process.register(caller, name)
      end
      keep.(:parked, fn -> KitNif.sleep_ms(3000) end)
      keep.(:yielding, fn -> KitNif.yield_by_waking(30_000_000) end)
      keep.(:dirty, fn -> KitNif.spin_dirty_cpu(self()) end)
      """)

      assert load(peer, KitNif, 7, other) == :ok
      assert ChildVM.eval(peer, "Cantilever.KitNif.seen_load_data()") == 7

      value =
        &"send(:#{&1}, {:value, self()}); receive do {:value, value} -> value after 20_000 -> :late end"

      assert ChildVM.eval(peer, value.("parked")) == 3000
      assert ChildVM.eval(peer, value.("yielding")) == 30_000_000
      assert ChildVM.eval(peer, "Process.exit(Process.whereis(:dirty), :kill)")
      assert ChildVM.eval(peer, "Cantilever.KitNif.kind_dirty_cpu()") == "dirty_cpu"

      assert ChildVM.eval(peer, """
             try do
               Cantilever.KitNif.counter_add(:persistent_term.get(:counter), 1)
             rescue
               error in Cantilever.StaleHandle -> Exception.message(error)
             end
             """) =~ "version 0.0.0 (kit_nif) does not take it over: make a new one"
    end
  end
end
