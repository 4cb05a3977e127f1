defmodule Cantilever.Kit.PanickingTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually
  import ExUnit.CaptureLog

  alias Cantilever.KitNif
  alias Cantilever.NativePanic

  @modes [
    normal: quote(do: &KitNif.panic_normal/1),
    dirty_cpu: quote(do: &KitNif.panic_dirty_cpu/1),
    dirty_io: quote(do: &KitNif.panic_dirty_io/1),
    yielding_at_once: quote(do: &KitNif.panic_yielding(&1, 0)),
    yielding_late: quote(do: &KitNif.EveryCheckpoint.panic_yielding(&1, 1000))
  ]

  for {mode, fun} <- @modes do
    describe "a panic in #{mode}" do
      test "is an exception with its message and place, and nothing else changes" do
        panic = catch_error(unquote(fun).("out of luck"))
        assert %NativePanic{message: "out of luck", line: line, file: file} = panic
        assert line > 0
        assert Path.basename(file) == "panicking.rs"
        assert Exception.message(panic) == "native panic at #{file}:#{line}: out of luck"
        assert KitNif.take_nothing()
      end

      test "can happen a thousand times in a row" do
        for i <- 1..1000 do
          message = "panic #{i}"
          assert %NativePanic{message: ^message} = catch_error(unquote(fun).(message))
        end
      end
    end
  end

  describe "a panic" do
    test "in decoding is reported, Normal and Yielding" do
      assert %NativePanic{message: "in decode"} = catch_error(KitNif.panic_decode(1))
      assert %NativePanic{message: "in decode"} = catch_error(KitNif.yield_panic_decode(1))
    end

    test "in encoding is reported, before the first checkpoint and after the thousandth" do
      expected = catch_error(KitNif.panic_encode())
      assert %NativePanic{message: "in encode", line: line} = expected
      assert line > 0
      assert catch_error(KitNif.yield_panic_encode(0)) == expected
      assert catch_error(KitNif.EveryCheckpoint.yield_panic_encode(1000)) == expected
    end

    test "in Drop is reported, before the first checkpoint and after the thousandth" do
      expected = catch_error(KitNif.panic_drop())
      assert %NativePanic{message: "in drop"} = expected
      assert catch_error(KitNif.yield_panic_drop(0)) == expected
      assert catch_error(KitNif.EveryCheckpoint.yield_panic_drop(1000)) == expected
    end

    test "on a thread of the pool is reported with the place where it happened" do
      for i <- [0, 500, 999] do
        panic = catch_error(KitNif.panic_parallel(i))
        assert %NativePanic{line: line} = panic
        assert panic.message == "in rayon at #{i}"
        assert Path.basename(panic.file) == "panicking.rs"
        assert line > 0
      end

      assert KitNif.panic_parallel(1000) == Enum.sum(0..999)
    end

    test "whose payload is no text says so" do
      assert %NativePanic{message: "a panic whose payload is not a string"} =
               catch_error(KitNif.panic_payload())
    end

    test "comes of calling parallel where it would block a scheduler" do
      panic = catch_error(KitNif.parallel_on_a_scheduler())
      assert panic.message =~ ~s|schedule = "DirtyCpu"|
    end

    test "in a function of plain rustler is what rustler makes of it" do
      log =
        capture_log(fn ->
          logged(
            fn -> assert catch_error(KitNif.rustler_panic()) == :nif_panicked end,
            "in rustler"
          )
        end)

      assert log =~ "panicking.rs"
    end
  end

  describe "any panic" do
    test "writes nothing to standard error" do
      code = """
      {:ok, _} = Application.ensure_all_started(:cantilever)
      Logger.configure(level: :none)
      alias Cantilever.KitNif
      calls = [
        fn -> KitNif.panic_normal("x") end,
        fn -> KitNif.panic_dirty_cpu("x") end,
        fn -> KitNif.panic_dirty_io("x") end,
        fn -> KitNif.EveryCheckpoint.panic_yielding("x", 10) end,
        fn -> KitNif.panic_parallel(1) end,
        fn -> KitNif.panic_spawned("x") end,
        fn -> KitNif.panic_encode() end,
        fn -> KitNif.panic_decode(1) end,
        fn -> KitNif.yield_panic_drop(10) end
      ]
      for call <- calls, do: (try do call.() rescue Cantilever.NativePanic -> :ok end)
      KitNif.panic_thread("x")
      KitNif.sleep_ms(50)
      System.halt(0)
      """

      assert Cantilever.ChildVM.run(code) == {"", 0}
    end
  end

  describe "a panic without a caller" do
    test "on a thread of its own is logged once" do
      log = capture_log(fn -> logged(fn -> KitNif.panic_thread("alone") end, "alone") end)
      assert log =~ "[error] Cantilever.KitNif: native panic at "
      assert length(String.split(log, "alone")) == 2
    end

    test "of a job that was spawned in the pool is logged once, and the pool goes on" do
      log = capture_log(fn -> logged(fn -> KitNif.panic_spawned("spawned") end, "spawned") end)
      assert log =~ "[error] Cantilever.KitNif: native panic at "
      assert log =~ "panicking.rs"
      assert length(String.split(log, "spawned")) == 2
      assert KitNif.panic_parallel(1000) == Enum.sum(0..999)
    end

    test "in the Drop of a future whose process was killed is logged" do
      log =
        capture_log(fn ->
          logged(
            fn ->
              {pid, monitor} = spawn_monitor(&KitNif.yield_forever_then_panic_in_drop/0)
              eventually(fn -> Process.info(pid, :reductions) > {:reductions, 10_000} end)
              Process.exit(pid, :kill)
              assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
            end,
            "in drop"
          )
        end)

      assert log =~ "Cantilever.KitNif: native panic at "
    end

    test "in the Drop of a value that was collected is logged" do
      log =
        capture_log(fn ->
          logged(
            fn ->
              {_pid, monitor} = spawn_monitor(&KitNif.handle_that_panics_in_drop/0)
              assert_receive {:DOWN, ^monitor, :process, _pid, :normal}
            end,
            "in drop"
          )
        end)

      assert log =~ "in drop"
    end
  end

  # Runs `fun` and waits until an event with `text` has reached the Logger's handlers.
  defp logged(fun, text) do
    handler = :"logged_#{System.unique_integer([:positive])}"
    :ok = :logger.add_handler(handler, __MODULE__, %{config: %{pid: self(), text: text}})

    try do
      fun.()
      assert_receive {:logged, ^text}, 10_000
      _ = :sys.get_state(Cantilever.NativeLogger)
      Logger.flush()
    after
      :logger.remove_handler(handler)
    end
  end

  # The callback of a logger handler.
  def log(%{meta: meta}, %{config: %{pid: pid, text: text}}) do
    case meta do
      %{crash_reason: {%NativePanic{message: ^text}, []}} -> send(pid, {:logged, text})
      _other -> :ok
    end
  end
end
