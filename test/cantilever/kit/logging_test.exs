defmodule Cantilever.Kit.LoggingTest do
  use ExUnit.Case, async: true

  alias Cantilever.ChildVM
  alias Cantilever.KitNif
  alias Cantilever.LogCollector

  @moduletag :capture_log

  describe "a record" do
    setup do
      id = LogCollector.start(self())
      on_exit(fn -> LogCollector.stop(id) end)
      {:ok, text: "text #{System.unique_integer()}"}
    end

    test "reaches the Logger with its level, time and place", %{text: text} do
      before = System.system_time(:microsecond)
      assert KitNif.log_at("error", text)
      assert_receive {:logged, ^text, :error, meta}
      assert meta.time in before..System.system_time(:microsecond)
      assert meta.module == KitNif
      assert meta.native_module == "kit_nif::logging"
      assert meta.target == "kit_nif::logging"
      assert Path.basename(meta.file) == "logging.rs"
      assert meta.line > 0
    end

    test "has one of the Logger's levels", %{text: text} do
      for {level, logged} <- [{"warn", :warning}, {"info", :info}, {"debug", :debug}] do
        assert KitNif.log_at(level, text)
        assert_receive {:logged, ^text, ^logged, _meta}
      end
    end

    test "keeps a target of its own", %{text: text} do
      assert KitNif.log_at("info", text)
      assert_receive {:logged, ^text, :info, %{target: "a target"}}
    end

    test "comes from every kind of thread", %{text: text} do
      for {name, log} <- [
            normal: &KitNif.log_at("warn", &1),
            yielding: &KitNif.log_yielding("warn", &1),
            late: &KitNif.EveryCheckpoint.log_yielding("warn", &1),
            dirty: &KitNif.log_dirty/1,
            pool: &KitNif.log_parallel/1,
            thread: &KitNif.log_thread/1
          ] do
        text = "#{text} #{name}"
        assert log.(text)
        assert_receive {:logged, ^text, :warning, _meta}
      end
    end

    test "comes from the Drop of a value that was collected", %{text: text} do
      {_pid, monitor} = spawn_monitor(fn -> KitNif.log_in_drop(text) end)
      assert_receive {:DOWN, ^monitor, :process, _pid, :normal}
      assert_receive {:logged, ^text, :warning, _meta}
    end

    test "of a module whose level is higher is left out", %{text: text} do
      Logger.put_module_level(KitNif.EveryCheckpoint, :error)
      on_exit(fn -> Logger.delete_module_level(KitNif.EveryCheckpoint) end)
      assert KitNif.EveryCheckpoint.log_at("warn", text)
      assert KitNif.EveryCheckpoint.log_at("error", text)
      assert_receive {:logged, ^text, level, _meta}
      assert level == :error
    end

    test "may be of any length, up to a bound" do
      assert KitNif.log_burst(1, 1_000_000) == 1
      assert_receive {:logged, "0 xxxx" <> text, :error, _meta}
      assert byte_size(text) < 66_000
      assert text =~ ~r/x \(cut off\)$/
    end
  end

  describe "in a node of its own" do
    setup do
      peer = ChildVM.start()
      on_exit(fn -> if Process.alive?(peer), do: ChildVM.stop(peer) end)
      ChildVM.eval(peer, ":logger.remove_handler(Logger)")
      {:ok, peer: peer}
    end

    defp level(peer, level) do
      ChildVM.eval(peer, ":logger.set_primary_config(:level, #{inspect(level)})")
    end

    test "the level is that of the Logger when the library is loaded", %{peer: peer} do
      for {logger, native} <- [
            {:warning, "WARN"},
            {:notice, "WARN"},
            {:none, "OFF"},
            {:all, "TRACE"}
          ] do
        level(peer, logger)
        ChildVM.eval(peer, ":code.delete(Cantilever.KitNif); :code.purge(Cantilever.KitNif)")
        assert ChildVM.eval(peer, "Cantilever.KitNif.log_level()") == native
      end
    end

    test "what outlives its module may still say something, and the module be loaded again", %{
      peer: peer
    } do
      level(peer, :warning)

      for number <- 1..20 do
        assert ChildVM.eval(peer, """
               {:ok, holder} = Agent.start(fn -> Cantilever.KitNif.log_in_drop("text #{number}") end)
               :code.delete(Cantilever.KitNif)
               :code.purge(Cantilever.KitNif)
               Agent.stop(holder)
               Cantilever.KitNif.log_at("warn", "loaded again")
               """)
      end
    end

    test "the setting log decides instead", %{peer: peer} do
      level(peer, :error)

      for {setting, native} <- [trace: "TRACE", debug: "DEBUG", warning: "WARN", off: "OFF"] do
        assert ChildVM.load(peer, KitNif.EveryCheckpoint, cantilever: [log: setting]) == :ok
        assert ChildVM.eval(peer, "Cantilever.KitNif.EveryCheckpoint.log_level()") == native
      end
    end

    test "a logger of the library's own gets the records", %{peer: peer} do
      level(peer, :warning)
      assert ChildVM.load(peer, KitNif.EveryCheckpoint, :own_logger) == :ok

      assert ChildVM.eval(peer, """
             alias Cantilever.KitNif.EveryCheckpoint
             EveryCheckpoint.log_at("trace", "text")
             {EveryCheckpoint.own_logger_records(), EveryCheckpoint.log_level()}
             """) == {1, "TRACE"}
    end

    test "100,000 records at once arrive, all and in order", %{peer: peer} do
      level(peer, :error)
      text = String.duplicate("x", 20)
      expected = for i <- 0..99_999, do: "#{i} #{text}"
      assert collected(peer, :burst, [100_000, 20]) == expected
    end

    test "records that nobody takes are dropped in bounds and counted", %{peer: peer} do
      level(peer, :warning)

      for {count, bytes} <- [{300_000, 1}, {2_000, 60_000}] do
        {waiting, taken, lost} = collected(peer, :burst_while_suspended, [count, bytes])
        assert waiting <= 4
        assert taken + lost >= count
        assert taken in 250..104_000
        assert taken * bytes < 20 * 1024 * 1024
      end
    end

    test "a NativeLogger that dies costs records, but stops none that follow", %{peer: peer} do
      level(peer, :error)

      # More often than there are credits.
      for round <- 1..6 do
        ChildVM.eval(
          peer,
          "Application.stop(:cantilever); Application.ensure_all_started(:cantilever)"
        )

        assert {round, length(collected(peer, :burst_while_killed, [5_000])) > 1_000} ==
                 {round, true}
      end
    end

    defp collected(peer, fun, arguments),
      do: :peer.call(peer, LogCollector, fun, arguments, 60_000)
  end

  describe "a record that is made" do
    test "before the application runs waits for it" do
      code = """
      alias Cantilever.KitNif
      true = KitNif.log_at("error", "early")
      Cantilever.LogCollector.collecting(fn ->
        {:ok, _} = Application.ensure_all_started(:cantilever)
        IO.inspect(Cantilever.LogCollector.wait_for("early"))
      end)
      System.halt(0)
      """

      assert {output, 0} = ChildVM.run(code)
      assert output =~ ~s(["early"])
    end

    test "while the node ends neither stops nor crashes it" do
      for ending <- ["System.halt(3)", "System.stop(3); Process.sleep(:infinity)"] do
        code = """
        {:ok, _} = Application.ensure_all_started(:cantilever)
        Logger.configure(level: :none)
        for _ <- 1..2, do: spawn(fn -> Cantilever.KitNif.log_burst(2_000_000, 10) end)
        for _ <- 1..2, do: spawn(fn -> Cantilever.KitNif.log_at("error", "again") end)
        #{ending}
        """

        assert {"", 3} = ChildVM.run(code)
      end
    end

    test "where the application never runs does no harm" do
      assert {"", 4} = ChildVM.run("Cantilever.KitNif.log_burst(200_000, 10); System.halt(4)")
    end
  end
end
