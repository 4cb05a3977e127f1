defmodule Cantilever.Nif.UpgradeTest do
  use ExUnit.Case, async: true

  alias Cantilever.{ChildVM, StaleHandle, UpgradeNif}
  alias Cantilever.Nif.{Info, Upgrade, UpgradeError}

  @moduletag :capture_log
  @moduletag :tmp_dir

  # Each in a node of its own, as what is loaded stays.
  setup_all do
    dir = Path.join(System.tmp_dir!(), "cantilever-upgrade-#{System.unique_integer([:positive])}")
    on_exit(fn -> File.rm_rf!(dir) end)

    builds =
      for feature <- ~w(second third own_allocator refusing),
          do: {feature, UpgradeNif.build!(dir, [feature])}

    {:ok, Map.new(builds)}
  end

  setup do
    peer = ChildVM.start()
    on_exit(fn -> if Process.alive?(peer), do: ChildVM.stop(peer) end)
    {:ok, peer: peer}
  end

  describe "upgrade/2 to another library" do
    test "loads it beside the old one, where calls in flight go on", %{peer: peer} = builds do
      callers =
        for call <- ["yield_for(6_000)", "work_for(6_000)"], do: start(peer, "UpgradeNif.#{call}")

      assert {:ok, %Upgrade{from: from, to: to} = upgrade} =
               upgrade(peer, library: builds["second"])

      assert eval(peer, "UpgradeNif.version()") == 2
      assert {from.version, to.version} == {"0.0.0", "0.0.0"}
      assert from.build != to.build

      assert Enum.sort(for({pid, function} <- upgrade.running, do: {pid, function})) ==
               Enum.sort(
                 for {pid, name} <- Enum.zip(callers, [:yield_for, :work_for]),
                     do: {pid, {UpgradeNif, name, 1}}
               )

      assert for(caller <- callers, do: value(peer, caller)) == [1, {:ok, 1}]
    end

    test "waits for those who are in the code from before the last one", %{peer: peer} = builds do
      caller = start(peer, "UpgradeNif.yield_for(6_000)")
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])

      assert {:error,
              %UpgradeError{reason: :in_use, processes: [{^caller, {UpgradeNif, :yield_for, 1}}]} =
                error} = upgrade(peer, timeout: 0)

      assert error.message =~ "1 processes still run the code of Cantilever.UpgradeNif"
      assert eval(peer, "UpgradeNif.version()") == 2
      assert {:ok, %Upgrade{}} = upgrade(peer, timeout: :infinity)
      assert eval(peer, "UpgradeNif.version()") == 1
      assert value(peer, caller) == 1
    end

    test "goes back to the module's own without the option, and then changes nothing",
         %{peer: peer} = builds do
      assert upgrade(peer, []) == {:ok, :unchanged}
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])
      assert upgrade(peer, library: builds["second"]) == {:ok, :unchanged}
      assert {:ok, %Upgrade{to: to}} = upgrade(peer, [])

      assert to.path ==
               eval(peer, "Cantilever.Nif.Loader.file(UpgradeNif.__cantilever__(:location))")

      assert upgrade(peer, []) == {:ok, :unchanged}
    end

    test "is not disturbed when the file is written to afterwards",
         %{peer: peer, tmp_dir: dir} = builds do
      file = Path.join(dir, "new.so")
      File.cp!(builds["second"], file)
      assert {:ok, %Upgrade{to: to}} = upgrade(peer, library: file)
      assert Path.basename(to.path) =~ ~r/\Alibupgrade_nif-[0-9a-f]{16}\.so\z/
      File.write!(file, "something else")
      assert eval(peer, "UpgradeNif.sum_parallel(1_000)") == 332_833_500
    end

    test "loads as many builds as it may, and those as often as it likes",
         %{peer: peer} = builds do
      assert {:error, %UpgradeError{reason: :too_many_builds, message: message}} =
               upgrade(peer, library: builds["second"], max_builds: 1)

      assert message =~ "this node has loaded 1 builds"
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"], max_builds: 2)
      assert {:ok, %Upgrade{}} = upgrade(peer, max_builds: 1)
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"], max_builds: 1)
    end

    test "takes one at a time", %{peer: peer} = builds do
      caller = start(peer, "UpgradeNif.yield_for(60_000)")
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])
      waiting = start(peer, "Cantilever.Nif.upgrade(UpgradeNif, timeout: :infinity)")

      Cantilever.Eventually.eventually(fn ->
        match?({:error, %UpgradeError{reason: :busy}}, upgrade(peer, timeout: 0))
      end)

      # Whoever waited for the same library finds it loaded.
      same = start(peer, "Cantilever.Nif.upgrade(UpgradeNif, timeout: :infinity)")

      # Whoever waits may be stopped, and leaves nothing behind.
      stop(peer, waiting)
      stop(peer, caller)
      assert {:ok, %Upgrade{}} = value(peer, same)
      assert upgrade(peer, []) == {:ok, :unchanged}
    end
  end

  describe "upgrade/2 leaves the old library at work when" do
    setup %{peer: peer} do
      eval(peer, ":persistent_term.put(:counters, UpgradeNif.counters_new(nil))")
      :ok
    end

    defp at_work?(peer) do
      eval(
        peer,
        ~S|{UpgradeNif.version(), UpgradeNif.counters_add(:persistent_term.get(:counters), "a") > 0}|
      ) ==
        {1, true}
    end

    test "the new one refuses", %{peer: peer} = builds do
      assert {:error, %UpgradeError{reason: :load, message: message}} =
               upgrade(peer, library: builds["refusing"])

      assert message =~ "this build refuses"
      assert at_work?(peer)
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])
    end

    test "the functions differ", %{peer: peer} = builds do
      assert {:error, %UpgradeError{reason: :functions, message: message}} =
               upgrade(peer, library: builds["third"])

      assert message =~ "only_after/0"
      assert message =~ "only_before/0"
      assert message =~ "Compile the module with the crate"
      assert at_work?(peer)
    end

    test "there is no such file, or it is none", %{peer: peer, tmp_dir: dir} do
      assert {:error, %UpgradeError{reason: :library, message: message}} =
               upgrade(peer, library: Path.join(dir, "none.so"))

      assert message =~ "no such file"
      File.write!(Path.join(dir, "text.so"), "text")

      assert {:error, %UpgradeError{reason: :library, message: message}} =
               upgrade(peer, library: Path.join(dir, "text.so"))

      assert message =~ "no shared library of a known format"

      assert {:error, %UpgradeError{reason: :functions}} =
               upgrade(peer, library: ChildVM.library(Cantilever.KitNif))

      assert at_work?(peer)
    end

    test "the beam file is not the module that is loaded", %{peer: peer, tmp_dir: dir} = builds do
      File.write!(Path.join(dir, "Elixir.Cantilever.UpgradeNif.beam"), "half a file")
      eval(peer, "Code.prepend_path(dir)", dir: dir)
      assert {:error, %UpgradeError{reason: :library, message: message}} = upgrade(peer, [])
      assert message =~ "is no beam file"

      assert {:error, %UpgradeError{reason: :library, message: message}} =
               upgrade(peer, library: builds["second"])

      assert message =~ "is not the Cantilever.UpgradeNif that is loaded"
      assert at_work?(peer)
    end

    test "the library has a name that may stand for another one", %{peer: peer} do
      assert ChildVM.load(
               peer,
               Cantilever.KitNif.EveryCheckpoint,
               1,
               copy(Cantilever.KitNif.EveryCheckpoint)
             ) == :ok

      assert {:error, %UpgradeError{reason: :library, message: message}} =
               eval(peer, "Cantilever.Nif.upgrade(Cantilever.KitNif.EveryCheckpoint)")

      assert message =~ "name the new file with the option :library"
    end

    test "the module is no native one", %{peer: peer} do
      for module <- ["Enum", "No.Such"] do
        assert {:error, %UpgradeError{reason: :not_native}} =
                 eval(peer, "Cantilever.Nif.upgrade(#{module})")
      end
    end
  end

  describe "upgrade/2" do
    test "names options that are unknown or wrong" do
      for {opts, text} <- [
            {[wait: 1],
             "unknown options [:wait], known are [:compile, :library, :max_builds, :timeout]"},
            {[timeout: -1], "the option :timeout must be a number of ms or :infinity, got: -1"},
            {[library: :new], "the option :library must be a path, got: :new"},
            {[max_builds: 0],
             "the option :max_builds must be a positive integer or :infinity, got: 0"},
            {[compile: 1], "the option :compile must be true or false, got: 1"},
            {%{}, "must be a keyword list, got: %{}"}
          ] do
        error = catch_error(Cantilever.Nif.upgrade(UpgradeNif, opts))
        assert %ArgumentError{} = error
        assert error.message =~ text
      end
    end
  end

  describe "a handle from before" do
    test "goes on working where both builds declare the same layout", %{peer: peer} = builds do
      eval(peer, """
      {plain, named} = {UpgradeNif.counters_new(nil), UpgradeNif.counters_new("four")}
      for i <- 1..100, do: UpgradeNif.counters_add(plain, "name \#{i}")
      :persistent_term.put(:counters, {plain, named})
      """)

      caller = start(peer, "UpgradeNif.yield_for(60_000)")
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])

      assert eval(peer, """
             {plain, named} = :persistent_term.get(:counters)
             added = for i <- 1..200, do: UpgradeNif.counters_add(plain, "name \#{i}")
             {added, UpgradeNif.counters_kind([plain, named])}
             """) == {List.duplicate(2, 100) ++ List.duplicate(1, 100), ["plain", "named, 4"]}

      # And it is dropped where it was made.
      assert %Info{handles: 0, older: [%{handles: 2}]} = info(peer)
      eval(peer, ":persistent_term.put(:counters, nil)")

      Cantilever.Eventually.eventually(fn -> match?(%Info{older: [%{handles: 0}]}, info(peer)) end)

      assert eval(peer, "UpgradeNif.counters_dropped()") == 0
      stop(peer, caller)
      assert {:ok, %Upgrade{}} = upgrade(peer, [])
      Cantilever.Eventually.eventually(fn -> eval(peer, "UpgradeNif.counters_dropped()") == 2 end)
    end

    test "is refused where they do not, with both versions and the reason",
         %{peer: peer} = builds do
      eval(peer, """
      :persistent_term.put(:handles, %{
        undeclared: UpgradeNif.undeclared_new(),
        renumbered: UpgradeNif.renumbered_new(),
        forgotten: UpgradeNif.forgotten_new(),
        shape: UpgradeNif.shape_new(),
        counters: UpgradeNif.counters_new(nil)
      })
      """)

      assert {:ok, %Upgrade{from: from, to: to}} = upgrade(peer, library: builds["second"])

      for {call, text} <- [
            {"undeclared_get(handles.undeclared)",
             "UpgradeNif.undeclared_get/1: argument 1 (undeclared) is a handle to a"},
            {"renumbered_get(handles.renumbered)", "its layout is 1 there and 2 here"},
            {"forgotten_get(handles.forgotten)",
             "its fields differ, although both declare layout 1"},
            {"shape_kind(handles.shape)", "its fields differ, although both declare layout 1"}
          ] do
        error =
          eval(peer, """
          handles = :persistent_term.get(:handles)
          try do
            UpgradeNif.#{call}
          rescue
            error -> error
          end
          """)

        assert %StaleHandle{module: UpgradeNif, type: "upgrade_nif::handles::" <> _type} = error
        assert error.message =~ text
        assert error.made_by == "0.0.0 (#{from.build})"
        assert error.loaded == "0.0.0 (#{to.build})"
        assert error.message =~ error.made_by
        assert error.message =~ error.loaded
      end

      # What would be wrong in one build is no stale handle between two.
      for call <- [
            "renumbered_get(handles.counters)",
            "yield_for(handles.undeclared)",
            "counters_kind([handles.counters, handles.undeclared])"
          ] do
        assert eval(peer, """
               handles = :persistent_term.get(:handles)
               try do
                 UpgradeNif.#{call}
               rescue
                 error in ArgumentError -> Exception.message(error)
               end
               """) =~ "must be"
      end

      # Of the build that is loaded, they are what they were.
      assert eval(peer, "UpgradeNif.forgotten_get(UpgradeNif.forgotten_new())") == 1
      assert {:ok, %Upgrade{}} = upgrade(peer, [])
      assert eval(peer, "UpgradeNif.forgotten_get(:persistent_term.get(:handles).forgotten)") == 1
    end

    test "is refused by a build whose memory is its own", %{peer: peer} = builds do
      eval(peer, ":persistent_term.put(:counters, UpgradeNif.counters_new(nil))")
      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["own_allocator"])

      assert eval(peer, """
             try do
               UpgradeNif.counters_kind([:persistent_term.get(:counters)])
             rescue
               error in Cantilever.StaleHandle -> Exception.message(error)
             end
             """) =~ ~r/argument 1 .counters. is a handle to a .* has an allocator of its own/

      assert eval(peer, ~S|UpgradeNif.counters_add(UpgradeNif.counters_new(nil), "a")|) == 1
    end
  end

  describe "info/1" do
    test "tells what is loaded, and what was", %{peer: peer} = builds do
      assert %Info{kit?: true, version: "0.0.0", nif_version: "2.15", handles: 0, older: []} =
               first = info(peer)

      assert {:work_for, 1, :dirty_cpu} in first.functions
      assert {:yield_for, 1, :yielding} in first.functions
      assert {:version, 0, :normal} in first.functions
      assert DateTime.diff(DateTime.utc_now(), first.loaded_at) in -1..60

      eval(
        peer,
        ":persistent_term.put(:counters, for(_ <- 1..7, do: UpgradeNif.counters_new(nil)))"
      )

      assert info(peer).handles == 7

      assert {:ok, %Upgrade{}} = upgrade(peer, library: builds["second"])
      assert %Info{older: [older], handles: 0} = second = info(peer)
      assert older == first |> Map.take(Map.keys(older)) |> Map.put(:handles, 7)
      assert second.build != first.build

      assert {:ok, %Upgrade{}} = upgrade(peer, [])
      assert %Info{older: [%{handles: 0}], handles: 7} = info(peer)
    end

    test "is refused of a module that is none" do
      assert_raise ArgumentError, "Enum does not `use Cantilever.Nif`", fn ->
        Cantilever.Nif.info(Enum)
      end
    end
  end

  describe "a hundred upgrades back and forth under load" do
    @tag timeout: 300_000
    test "fail no call, kill nobody and keep state", %{peer: peer} = builds do
      eval(peer, """
      counters = UpgradeNif.counters_new(nil)
      :persistent_term.put(:counters, counters)
      :persistent_term.put(:stop, false)
      loop = fn loop, count ->
        version = UpgradeNif.version()
        if version not in [1, 2], do: exit({:version, version})
        if UpgradeNif.sum_parallel(10) != 285, do: exit(:sum)
        UpgradeNif.counters_add(counters, "calls")
        if :persistent_term.get(:stop), do: exit({:calls, count + 1}), else: loop.(loop, count + 1)
      end
      :persistent_term.put(:loops, for(_ <- 1..4, do: spawn_monitor(fn -> loop.(loop, 0) end)) |> Enum.map(&elem(&1, 0)))
      """)

      long =
        for call <- ["yield_for(5_000)", "work_for(5_000)", "work_for(5_000)"],
            do: start(peer, "UpgradeNif.#{call}")

      assert eval(
               peer,
               """
               libraries = [library, nil]
               for i <- 1..100 do
                 {:ok, %{to: to}} = Cantilever.Nif.upgrade(UpgradeNif, library: Enum.at(libraries, rem(i - 1, 2)))
                 to.build
               end
               |> Enum.uniq() |> length()
               """,
               library: builds["second"]
             ) == 2

      assert for(caller <- long, do: value(peer, caller)) == [1, {:ok, 1}, {:ok, 1}]

      reasons =
        eval(peer, """
        loops = :persistent_term.get(:loops)
        monitors = Enum.map(loops, &Process.monitor/1)
        :persistent_term.put(:stop, true)
        for monitor <- monitors do
          receive do {:DOWN, ^monitor, :process, _pid, reason} -> reason after 30_000 -> :late end
        end
        """)

      assert [{:calls, _}, {:calls, _}, {:calls, _}, {:calls, _}] = reasons
      calls = Enum.sum(for {:calls, count} <- reasons, do: count)
      assert calls > 100

      assert eval(peer, ~S|UpgradeNif.counters_add(:persistent_term.get(:counters), "calls")|) ==
               calls + 1

      assert %Info{older: [_other]} = info(peer)
    end
  end

  defp eval(peer, code, bindings \\ []),
    do: ChildVM.eval(peer, "alias Cantilever.UpgradeNif\n" <> code, bindings)

  defp upgrade(peer, opts),
    do: :peer.call(peer, Cantilever.Nif, :upgrade, [UpgradeNif, opts], 60_000)

  defp info(peer), do: :peer.call(peer, Cantilever.Nif, :info, [UpgradeNif])

  defp copy(module) do
    dir = Application.app_dir(:cantilever, "copy #{System.unique_integer([:positive])}")
    on_exit(fn -> File.rm_rf!(dir) end)
    File.mkdir_p!(dir)
    file = Path.join(dir, "kit_nif.so")
    File.cp!(ChildVM.library(module), file)
    file
  end

  # A process that is in this call.
  defp start(peer, call) do
    eval(peer, """
    caller = spawn(fn ->
      value = #{call}
      receive do {:value, pid} -> send(pid, {self(), value}) end
    end)
    wait = fn wait ->
      case Process.info(caller, :current_function) do
        {:current_function, {Cantilever.UpgradeNif, _name, _arity}} -> caller
        {:current_function, {Cantilever.Nif.Upgrade, :apart, 1}} -> caller
        {:current_function, _starting} -> :erlang.yield() && wait.(wait)
      end
    end
    wait.(wait)
    """)
  end

  defp value(peer, caller) do
    eval(
      peer,
      "send(caller, {:value, self()}); receive do {^caller, value} -> value after 30_000 -> :late end",
      caller: caller
    )
  end

  defp stop(peer, pid) do
    eval(
      peer,
      """
      monitor = Process.monitor(pid)
      Process.exit(pid, :kill)
      receive do {:DOWN, ^monitor, :process, _pid, _reason} -> :ok end
      """,
      pid: pid
    )
  end
end
