defmodule Cantilever.Responsiveness.LoadTest do
  # Whether the schedulers' times are taken is the same for the whole node.
  use ExUnit.Case, async: false

  alias Cantilever.KitNif
  alias Cantilever.Responsiveness.Load

  test "sees what the schedulers of each kind do, and leaves nothing switched on" do
    assert :erlang.statistics(:scheduler_wall_time) == :undefined
    load = Load.start_link()
    KitNif.rustler_dirty_for_ms(50)
    kept = Enum.to_list(1..100_000)
    seen = Load.stop(load)

    assert Enum.sort(Map.keys(seen)) == [:memory, :reductions, :run_queues, :utilisation]
    assert seen.utilisation.dirty_cpu > 0
    for {_kind, share} <- seen.utilisation, do: assert(share >= 0 and share <= 1)
    for {_kind, queue} <- seen.run_queues, do: assert(queue.mean <= queue.max)
    assert seen.memory.max >= seen.memory.before
    assert seen.memory.max >= seen.memory.after
    assert seen.reductions > 0
    assert length(kept) == 100_000
    assert :erlang.statistics(:scheduler_wall_time) == :undefined
  end

  test "counts who waits for a dirty scheduler" do
    load = Load.start_link()
    dirty = :erlang.system_info(:dirty_cpu_schedulers_online)

    # So many that somebody waits for seconds, as the machine may stall for shorter.
    for(_ <- 1..(8 * dirty), do: Task.async(fn -> KitNif.rustler_dirty_for_ms(200) end))
    |> Task.await_many(:infinity)

    seen = Load.stop(load)
    assert seen.run_queues.dirty_cpu.max >= 1
    assert seen.run_queues.dirty_cpu.mean > 0
  end

  test "does not touch the switch of somebody else" do
    _ = :erlang.system_flag(:scheduler_wall_time, true)
    Load.stop(Load.start_link())
    assert is_list(:erlang.statistics(:scheduler_wall_time))
    _ = :erlang.system_flag(:scheduler_wall_time, false)
  end
end
