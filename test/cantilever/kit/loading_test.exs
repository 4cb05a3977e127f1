defmodule Cantilever.Kit.LoadingTest do
  use ExUnit.Case, async: true

  alias Cantilever.ChildVM

  @moduletag :capture_log

  setup do
    peer = ChildVM.start()
    on_exit(fn -> if Process.alive?(peer), do: ChildVM.stop(peer) end)
    {:ok, peer: peer, library: ChildVM.library(Cantilever.KitNif)}
  end

  # Defines Cantilever.KitNif in the peer once more, with this library and load data.
  defp load(peer, library, load_data) do
    ChildVM.eval(
      peer,
      """
      Code.put_compiler_option(:ignore_module_conflict, true)
      opts = [
        otp_app: :cantilever,
        skip_compilation?: true,
        load_from: {:cantilever, Path.relative_to(base, Application.app_dir(:cantilever))},
        load_data: load_data
      ]
      try do
        Module.create(Cantilever.KitNif, quote do
          use Cantilever.KitNif.Stubs, unquote(Macro.escape(opts))
        end, file: "kit_nif.ex", line: 1)
        :ok
      rescue
        error -> Exception.message(error)
      end
      """,
      base: Path.rootname(library),
      load_data: load_data
    )
  end

  describe "a load that fails" do
    test "says why", %{peer: peer, library: library} do
      assert load(peer, library, :fail) =~ "load was told to fail"
      assert load(peer, library, 1) == :ok
    end

    test "says what its panic said, and where", %{peer: peer, library: library} do
      message = load(peer, library, :panic)
      assert message =~ "load was told to panic"
      assert message =~ "loading.rs:"
    end

    test "for its settings names the wrong one", %{peer: peer, library: library} do
      for {settings, text} <- [
            {[slice_us: -1], "slice_us must be an integer from 0 to 1000 (µs), got: -1"},
            {[slice_us: 2000], "slice_us must be an integer from 0 to 1000 (µs), got: 2000"},
            {%{threads: 0}, "threads must be an integer from 1 to 1024, got: 0"},
            {[slices: 1], "unknown setting :slices, known are :slice_us and :threads"},
            {:all, "cantilever must be a keyword list or a map with atom keys, got: :all"}
          ] do
        assert load(peer, library, cantilever: settings) =~ text
      end

      assert load(peer, library, cantilever: [slice_us: 1000, threads: 1024]) == :ok
    end
  end

  describe "loading a library again" do
    test "keeps handles, whether the old code is purged or not", %{peer: peer, library: library} do
      assert load(peer, library, 1) == :ok

      assert ChildVM.eval(peer, "Cantilever.KitNif.seen_load_data()") == 1

      ChildVM.eval(
        peer,
        "Process.register(spawn(fn -> receive do :stop -> :ok end end), :keeper)"
      )

      ChildVM.eval(peer, ":persistent_term.put(:counter, Cantilever.KitNif.counter_new(1))")

      assert load(peer, library, 2) == :ok
      assert ChildVM.eval(peer, "Cantilever.KitNif.seen_load_data()") == 2

      assert ChildVM.eval(
               peer,
               "Cantilever.KitNif.counter_add(:persistent_term.get(:counter), 1)"
             ) == 2

      for i <- 3..20 do
        assert load(peer, library, i) == :ok
        ChildVM.eval(peer, ":code.purge(Cantilever.KitNif)")

        assert ChildVM.eval(
                 peer,
                 "Cantilever.KitNif.counter_add(:persistent_term.get(:counter), 1)"
               ) == i
      end
    end
  end

  describe "loading another build beside" do
    test "lets calls in flight finish, and turns old handles down", %{
      peer: peer,
      library: library
    } do
      dir = Application.app_dir(:cantilever, "other build #{System.unique_integer([:positive])}")
      on_exit(fn -> File.rm_rf!(dir) end)
      File.mkdir_p!(dir)
      other = Path.join(dir, "kit_nif.so")
      File.cp!(library, other)

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

      assert load(peer, other, 7) == :ok
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
               error in ArgumentError -> Exception.message(error)
             end
             """) =~ "that the library loaded now has made"
    end
  end
end
