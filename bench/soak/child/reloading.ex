defmodule Cantilever.Bench.Soak.Reloading do
  @moduledoc false
  # Loads a library again and again while calls of it are in flight: the same build and another one, with and without purging.
  # The module of the callers is upgraded too. It is for this process alone, as purging kills whoever runs old code.

  alias Cantilever.Bench.Soak.{Caller, Link, Victims, Worker}
  alias Cantilever.KitNif.EveryCheckpoint

  @most_ms 60_000

  @type variants :: %{module() => [binary()]}

  @spec run(map(), variants()) :: no_return()
  def run(shared, variants) do
    [nil, nil] = Enum.map([EveryCheckpoint, Caller], &load(&1, hd(variants[&1])))
    loop(shared, variants, 1, 0)
  end

  # `current` is the place of the build that is loaded now.
  defp loop(shared, variants, number, current) do
    _ = :rand.seed(:exsss, {shared.seed, 0, number})
    next = :rand.uniform(2) - 1
    purge? = :rand.uniform(2) == 1
    text = "build #{current} by build #{next}, #{if purge?, do: "purging", else: "waiting"}"
    Link.tell({:operation, 0, number, :reload, text})

    case upgrade(variants, current, next, purge?) do
      [] ->
        :ok

      problems ->
        Link.tell(
          {:failure, "reloading #{number}, #{text}: #{Enum.join(Enum.uniq(problems), "; ")}"}
        )
    end

    Worker.count(shared.counts, :reload)
    wait(shared.reload_every_ms)
    loop(shared, variants, number + 1, next)
  end

  defp upgrade(variants, current, next, purge?) do
    counter = EveryCheckpoint.counter_new(1)
    callers = Enum.map(calls(counter), &start/1)
    Victims.pause(:rand.uniform(10))
    # Nobody runs what is older still: those callers were waited for.
    _ = :code.purge(EveryCheckpoint)
    _ = :code.purge(Caller)
    loaded = Enum.map([EveryCheckpoint, Caller], &load(&1, Enum.at(variants[&1], next)))
    if purge?, do: Enum.each([EveryCheckpoint, Caller], &:code.purge/1)

    Enum.each(callers, fn {kind, pid, _monitor, _expected} ->
      kind == :endless and Process.exit(pid, :kill)
    end)

    problems =
      loaded ++
        Enum.map(callers, &ended(&1, purge?)) ++
        [old_handle(counter, current == next), purged(), answers(next)]

    Enum.reject(problems, &is_nil/1)
  end

  defp calls(counter) do
    steps = :rand.uniform(20_000)
    bytes = :binary.copy(<<1>>, :rand.uniform(100_000))

    [
      {:ends, fn -> EveryCheckpoint.yield_by_waking(steps) end, steps},
      {:ends, fn -> EveryCheckpoint.counter_add_yielding(counter, steps) end, steps + 1},
      {:ends, fn -> EveryCheckpoint.sleep_ms(rem(steps, 20)) end, rem(steps, 20)},
      {:ends, fn -> Caller.call(fn -> EveryCheckpoint.yield_i64(steps, 500) end) end, steps},
      {:ends, fn -> repeat(fn -> EveryCheckpoint.yield_i64(steps, 3) end, 2_000) end, steps},
      {:endless, fn -> EveryCheckpoint.endless_yielding(bytes) end, nil},
      {:endless, fn -> EveryCheckpoint.endless_dirty_cpu(bytes) end, nil},
      {:endless, fn -> EveryCheckpoint.endless_parked(EveryCheckpoint.slot_new(), bytes) end, nil}
    ]
  end

  defp start({kind, call, expected}) do
    {pid, monitor} = spawn_monitor(fn -> exit({:value, call.()}) end)
    {kind, pid, monitor, expected}
  end

  defp load(module, binary) do
    case :code.load_binary(module, ~c"soak", binary) do
      {:module, ^module} -> nil
      {:error, reason} -> "#{inspect(module)} was not loaded: #{inspect(reason)}"
    end
  end

  defp ended({kind, pid, monitor, expected}, purge?) do
    receive do
      {:DOWN, ^monitor, :process, ^pid, {:value, ^expected}} when kind == :ends ->
        nil

      # Whoever runs old code is killed when that is purged.
      {:DOWN, ^monitor, :process, ^pid, :killed} when kind == :endless or purge? ->
        nil

      {:DOWN, ^monitor, :process, ^pid, reason} ->
        "a call ended with #{inspect(reason)} instead of #{inspect(expected)}"
    after
      @most_ms -> "a call did not end: #{inspect(Process.info(pid, :current_stacktrace))}"
    end
  end

  defp old_handle(counter, same_build?) do
    case {EveryCheckpoint.counter_add(counter, 0), same_build?} do
      {value, true} when is_integer(value) -> nil
      {value, _same?} -> "an old handle gave #{inspect(value)}"
    end
  rescue
    error in [ArgumentError, Cantilever.StaleHandle] ->
      if not same_build? and is_struct(error, Cantilever.StaleHandle),
        do: nil,
        else: "an old handle raised: #{Exception.message(error)}"
  end

  defp purged do
    if Enum.all?([EveryCheckpoint, Caller], &:code.soft_purge/1),
      do: nil,
      else: "somebody still runs old code"
  end

  defp answers(next) do
    answer = {EveryCheckpoint.take_nothing(), EveryCheckpoint.seen_load_data(), Caller.version()}
    if answer == {true, next, next}, do: nil, else: "build #{next} answers #{inspect(answer)}"
  end

  defp repeat(call, 1), do: call.()

  defp repeat(call, times) do
    _ = call.()
    repeat(call, times - 1)
  end

  defp wait(ms) do
    receive do
      {:pause, from} ->
        send(from, {:paused, self()})

        receive do
          :go_on -> :ok
        end
    after
      ms -> :ok
    end
  end
end
