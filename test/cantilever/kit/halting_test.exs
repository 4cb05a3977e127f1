defmodule Cantilever.Kit.HaltingTest do
  use ExUnit.Case, async: true

  @code """
  alias Cantilever.KitNif
  {:ok, _} = Application.ensure_all_started(:cantilever)
  slot = KitNif.slot_new()
  me = self()
  for _ <- 1..4 do
    spawn(fn -> KitNif.spin_dirty_cpu(me) end)
    spawn(fn -> KitNif.spin_dirty_io(me) end)
    spawn(fn -> KitNif.spin_parallel(me) end)
    spawn(fn -> KitNif.spin_yielding() end)
    spawn(fn -> KitNif.slot_take(slot) end)
  end
  receive do :started -> :ok end
  System.halt(3)
  """

  describe "System.halt/1 with native work of every mode in flight" do
    test "exits with its status, every time" do
      1..20
      |> Task.async_stream(fn _ -> Cantilever.ChildVM.run(@code) end,
        max_concurrency: 2,
        timeout: 60_000
      )
      |> Enum.each(&assert(&1 == {:ok, {"", 3}}))
    end
  end
end
