defmodule Cantilever.Kit.KillingTest do
  # Counts objects, threads, memory and processes of the whole node.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.Footprint
  alias Cantilever.KitNif
  alias Cantilever.KitNif.EveryCheckpoint

  # A thousand kills take seconds, but on a machine that is busy with other things some tens of them.
  @moduletag timeout: 300_000

  @waves 3
  @callers_in_wave 350
  @at_once 6
  @bytes 100_000

  # What may be left of each wave. A leak of one caller in 100 would be 350 kB of binaries after the first, and 1 MB
  # after the third. Atoms also come with code that is loaded late, by whatever runs. Threads are left out where they
  # cannot be counted: elsewhere than on Linux. Each of the two libraries starts up to four of its own when it needs them,
  # and the pool's.
  @threads 2 * 4 + System.schedulers_online() + 2
  @tolerance %{binary: 2 * @bytes, threads: @threads, processes: 0, ports: 0, atoms: 50}

  # What the VM itself keeps grows with the first wave, so the later ones are compared with that one.
  @tolerance_of_waves %{system: 1_000_000, total: 2_000_000, rss: 40_000_000}

  @modes [
    normal: quote(do: fn bytes, _slot -> endlessly(fn -> KitNif.sum_normal(bytes) end) end),
    dirty_cpu: quote(do: fn bytes, _slot -> KitNif.endless_dirty_cpu(bytes) end),
    dirty_io: quote(do: fn bytes, _slot -> KitNif.endless_dirty_io(bytes) end),
    parallel: quote(do: fn bytes, _slot -> KitNif.endless_parallel(bytes) end),
    yielding: quote(do: fn bytes, _slot -> KitNif.endless_yielding(bytes) end),
    yielding_at_every_checkpoint:
      quote(do: fn bytes, _slot -> EveryCheckpoint.endless_yielding(bytes) end),
    continuing: quote(do: fn bytes, _slot -> KitNif.endless_continuation(bytes, [bytes]) end),
    continuing_at_every_look:
      quote(do: fn bytes, _slot -> EveryCheckpoint.endless_continuation(bytes, [bytes]) end),
    yielding_with_a_thread: quote(do: fn bytes, _slot -> KitNif.endless_with_thread(bytes) end),
    parked: quote(do: fn bytes, slot -> KitNif.endless_parked(slot, bytes) end),
    holding_handles:
      quote(do: fn bytes, _slot -> endlessly(fn -> KitNif.live_handle(bytes) end) end)
  ]

  setup do
    # Handles that other tests have made are there until the processes that knew them are collected.
    eventually(fn -> Footprint.take() && idle?() end)
    # A kill that had to queue behind those who work would never come within their first slices.
    Process.flag(:priority, :high)
    :rand.seed(:exsss, ExUnit.configuration()[:seed])
    slot = KitNif.slot_new()
    on_exit(fn -> eventually(&idle?/0) end)
    {:ok, slot: slot}
  end

  for {mode, fun} <- @modes do
    describe "a thousand callers of a function, #{mode}," do
      test "leave nothing behind when they are killed, wave after wave", %{slot: slot} do
        leave_nothing(&kill(caller(unquote(fun), slot), &1), slot)
      end

      test "leave nothing behind when Task.async_stream kills them, wave after wave",
           %{slot: slot} do
        leave_nothing(&time_out(caller(unquote(fun), slot), &1), slot)
      end
    end
  end

  # A binary for each caller, which nobody else holds.
  defp caller(fun, slot), do: fn -> fun.(:binary.copy(<<1>>, @bytes), slot) end

  defp leave_nothing(wave, slot) do
    # What is made once and kept, such as the pool's threads, is none of the callers'.
    wave.(@at_once)
    before = settle(slot, fn _footprint -> [] end)
    wave.(@callers_in_wave)
    first = settle(slot, &Footprint.grown(&1, before, @tolerance))

    for _wave <- 2..@waves do
      wave.(@callers_in_wave)
      settle(slot, &Footprint.grown(&1, before, @tolerance))
      settle(slot, &Footprint.grown(&1, first, @tolerance_of_waves))
    end
  end

  # Waits until nothing is left. The VM frees some of its memory later, on other schedulers.
  defp settle(slot, grown) do
    eventually(&idle?/0)
    eventually(fn -> KitNif.slot_references(slot) == 1 end)
    assert KitNif.kind_dirty_cpu() == "dirty_cpu"
    assert KitNif.kind_dirty_io() == "dirty_io"

    footprint =
      Enum.find_value(1..200, fn _try ->
        footprint = Footprint.take()
        if grown.(footprint) == [], do: footprint, else: wait_ms(20)
      end)

    footprint || flunk("more than is tolerated has grown: #{inspect(grown.(Footprint.take()))}")
  end

  # A window of callers, of which one at a time is killed after a random while.
  defp kill(caller, callers) do
    1..callers
    |> Enum.reduce([], fn _caller, window ->
      window = [spawn_monitor(caller) | window]
      if length(window) == @at_once, do: kill_one(window), else: window
    end)
    |> Enum.each(&kill_one([&1]))
  end

  defp kill_one(window) do
    {pid, monitor} = victim = Enum.random(window)
    pause(:rand.uniform(6))
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}, 30_000
    List.delete(window, victim)
  end

  # Some are killed before they run, some within the first slice, some later.
  defp pause(1), do: wait_ms(1)
  defp pause(2), do: :erlang.yield()
  defp pause(_at_once), do: nil

  defp wait_ms(ms) do
    receive do
    after
      ms -> nil
    end
  end

  defp time_out(caller, callers) do
    killed =
      1..callers
      |> Task.async_stream(fn _caller -> caller.() end,
        max_concurrency: @at_once,
        timeout: 1 + :rand.uniform(3),
        on_timeout: :kill_task,
        ordered: false
      )
      |> Enum.count(&(&1 == {:exit, :timeout}))

    assert killed == callers
  end

  # A call of 10 µs is charged a single reduction, so a slice of them would hold up everybody else for long.
  defp endlessly(fun) do
    fun.()
    :erlang.bump_reductions(400)
    endlessly(fun)
  end

  defp idle?, do: Enum.all?([KitNif, EveryCheckpoint], &(&1.live() == 0 and &1.running() == 0))
end
