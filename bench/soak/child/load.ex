defmodule Cantilever.Bench.Soak.Load do
  @moduledoc false
  # What the child VM runs: workers at full speed, one process that reloads libraries, and one that samples every second.
  # Twice it lets everything come to rest and takes the node's footprint: after warming up, and at the end.

  alias Cantilever.Bench.Soak.{Link, Reloading, Worker}
  alias Cantilever.{ArgumentModel, Footprint, KitNif}

  @sample_every_ms 1_000
  @rest_ms 30_000

  # At most so many in a run, however long that is. OTP 25 keeps some 160 bytes of memory for each function of each module that
  # it loads, for debuggers: 27 kB for one load here, which would pass for a leak.
  @reloads 250
  @least_pause_ms 50

  # Called by `erl -run`, whose own process must not be kept.
  @spec main() :: pid()
  def main, do: spawn(&run/0)

  defp run do
    Process.flag(:trap_exit, true)

    %{seed: seed, duration_ms: duration_ms, warm_up_ms: warm_up_ms, workers: workers} =
      options = Link.open()

    {:ok, _started} = Application.ensure_all_started(:cantilever)
    # Panics without a caller are part of the load, and are not to fill the terminal.
    :ok = :logger.set_primary_config(:level, :none)
    handles = ArgumentModel.handles([KitNif])

    shared = %{
      seed: seed,
      handles: handles,
      counts: :counters.new(length(Worker.kinds()), []),
      reload_every_ms: max(div(duration_ms, @reloads), @least_pause_ms)
    }

    pids =
      [spawn_link(fn -> Reloading.run(shared, options.variants) end)] ++
        for(number <- 1..workers, do: spawn_link(fn -> Worker.run(number, shared) end))

    spawn_link(fn -> sample(System.monotonic_time(:millisecond), shared.counts) end)
    wait(warm_up_ms)
    rest(:warm, pids)
    wait(duration_ms - warm_up_ms)
    rest(:end, pids)
    Link.tell(:done)
    System.halt(0)
  end

  # None of the linked processes ends by itself, and the port does when the bench has.
  defp wait(ms) do
    receive do
      {:EXIT, from, reason} -> ended(from, reason)
    after
      ms -> :ok
    end
  end

  defp rest(name, pids) do
    Enum.each(pids, &send(&1, {:pause, self()}))
    Enum.each(pids, &await_pause/1)
    deadline = System.monotonic_time(:millisecond) + @rest_ms
    Link.tell({:rest, name, settled(deadline)})
    Enum.each(pids, &send(&1, :go_on))
  end

  defp await_pause(pid) do
    receive do
      {:paused, ^pid} -> :ok
      {:EXIT, from, reason} -> ended(from, reason)
    after
      2 * @rest_ms ->
        stop("a worker did not come to rest: #{inspect(Process.info(pid, :current_stacktrace))}")
    end
  end

  # Native work ends in its own time after its caller. One object is the handle that all workers share.
  defp settled(deadline) do
    footprint = Map.merge(Footprint.take(), native())

    if footprint.live > 1 and
         System.monotonic_time(:millisecond) < deadline do
      wait(20)
      settled(deadline)
    else
      # What is dropped on the kit's thread, and what the VM frees later, is gone soon after.
      wait(500)
      Map.merge(Footprint.take(), native())
    end
  end

  defp sample(started_ms, counts) do
    now = System.monotonic_time(:millisecond)
    at_ms = now - started_ms

    done =
      for {kind, index} <- Enum.with_index(Worker.kinds(), 1),
          into: %{},
          do: {kind, :counters.get(counts, index)}

    Link.tell({:sample, at_ms, Map.merge(Footprint.sample(), native()), done})

    receive do
    after
      @sample_every_ms - rem(at_ms, @sample_every_ms) -> sample(started_ms, counts)
    end
  end

  defp native, do: %{live: KitNif.live()}

  defp ended(from, _reason) when is_port(from), do: System.halt(1)
  defp ended(from, reason), do: stop("#{inspect(from)} ended: #{Exception.format_exit(reason)}")

  @spec stop(String.t()) :: no_return()
  defp stop(text) do
    Link.tell({:failure, text})
    Link.tell(:done)
    System.halt(0)
  end
end
