defmodule Cantilever.Kit.HaltingTest do
  use ExUnit.Case, async: true

  @code """
  alias Cantilever.KitNif
  {:ok, _} = Application.ensure_all_started(:cantilever)
  slot = KitNif.slot_new()
  me = self()
  # As many of each as are let in at once, beside one that waits for its turn.
  modes = [&KitNif.spin_dirty_io/1, &KitNif.spin_parallel/1, &KitNif.spin_dirty_cpu/1]
  started = min(3, max(2, :erlang.system_info(:dirty_cpu_schedulers_online)))
  for mode <- Enum.take(modes, started) do
    spawn(fn -> mode.(me) end)
    receive do :started -> :ok end
  end
  for _ <- 1..4 do
    spawn(fn -> KitNif.spin_yielding() end)
    spawn(fn -> KitNif.slot_take(slot) end)
  end
  spawn(fn -> KitNif.kind_dirty_cpu() end)
  # The dirty ones, four that yield, and one waker that somebody has left in the slot.
  wait = fn wait -> (KitNif.running() == started + 4 and KitNif.slot_waited_for(slot)) || wait.(wait) end
  wait.(wait)
  System.halt(3)
  """

  describe "System.halt/1 with native work of every mode in flight" do
    # Twenty VMs take their time on a busy machine.
    @tag timeout: 300_000
    test "exits with its status, every time" do
      1..20
      |> Task.async_stream(fn _ -> Cantilever.ChildVM.run(@code) end,
        max_concurrency: 2,
        timeout: 120_000
      )
      |> Enum.each(&assert(&1 == {:ok, {"", 3}}))
    end
  end
end
