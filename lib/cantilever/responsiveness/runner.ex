defmodule Cantilever.Responsiveness.Runner do
  @moduledoc false
  # Runs a piece of a measurement in a process of its own, and sees to it that nothing which that piece started outlives it: neither
  # when it ends, nor when it fails, nor when the process that measures is killed. What it starts with `start/3` are processes under no
  # link, so that foreign code can run in them; a guard beside it, which runs no foreign code, kills those that are left.

  alias Cantilever.Responsiveness.{CallTimeout, Outcome, Ticker}

  @tick_ms 100

  # Until when what runs now may take, in native time, and the timeout in ms that this comes from.
  @until 1
  @timeout 2
  @never 0x7FFFFFFFFFFFFFFF

  @typedoc "Where a piece of work can start processes."
  @opaque t :: %{guard: pid, limit: :atomics.atomics_ref()}

  @doc """
  The result of `work`, or the error that it ended with.

  While the caller waits it calls `tick` about every #{@tick_ms} ms.
  """
  @spec run((t -> result), (() -> any)) :: result when result: term
  def run(work, tick \\ fn -> :ok end) do
    owner = self()
    # While native code holds a scheduler the VM can load no module.
    :ok = :code.ensure_modules_loaded([CallTimeout, Exception, String.Chars.Integer])
    reference = :erlang.alias()
    limit = :atomics.new(2, [])
    :ok = :atomics.put(limit, @until, @never)
    ticker = Ticker.start(@tick_ms)

    {pid, monitor} =
      spawn_monitor(fn ->
        outcome = Outcome.of(fn -> guarded(work, owner, limit) end)
        _ = :erlang.send(reference, {reference, outcome})
        # What it has linked to itself would survive a normal end.
        Process.exit(self(), :shutdown)
      end)

    waiting = %{reference: reference, monitor: monitor, tag: ticker.tag, limit: limit, tick: tick}

    try do
      await(waiting, System.monotonic_time(:millisecond))
    after
      Process.demonitor(monitor, [:flush])
      stop(pid, reference)
      Ticker.stop(ticker)
    end
  end

  @doc """
  Starts a process that runs `fun` with a priority, and monitors it.

  It is known to the guard before it does anything.
  """
  @spec start(t, :normal | :low | :high, (() -> any)) :: {pid, reference}
  def start(%{guard: guard}, priority, fun) do
    runner = self()

    {pid, monitor} =
      :erlang.spawn_opt(
        fn ->
          watch = Process.monitor(runner)

          receive do
            :start -> fun.()
            {:DOWN, ^watch, :process, ^runner, _reason} -> :too_late
          end
        end,
        [:monitor, priority: priority]
      )

    send(guard, {:guard, pid})
    send(pid, :start)
    {pid, monitor}
  end

  @doc """
  The result of `fun`, which runs in a process that `start/3` starts, or the error that it ended with.

  Where the process ends without either, as when it is killed, this exits with `{:call_ended, reason}`. Where it does not end within
  `timeout`, the work is given up as with `limit/4`.
  """
  @spec call(t, (() -> result), timeout) :: result when result: term
  def call(runner, fun, timeout \\ :infinity) do
    to = self()

    {pid, monitor} =
      start(runner, :normal, fn -> send(to, {:called, self(), Outcome.of(fun)}) end)

    limit(runner, System.monotonic_time(), timeout, fn ->
      receive do
        {:DOWN, ^monitor, :process, ^pid, reason} -> called(pid, reason)
      end
    end)
  end

  @doc """
  What `wait` returns, if it does so until `timeout` has passed since `from` (native time).

  Otherwise the work is given up at the next tick, and `run/2` raises `Cantilever.Responsiveness.CallTimeout`. The process that called
  it sees to that, and is woken from every scheduler, as this one may not wake while native code holds the scheduler of its timers.
  """
  @spec limit(t, integer, timeout, (() -> result)) :: result when result: term
  def limit(_runner, _from, :infinity, wait), do: wait.()

  def limit(%{limit: limit}, from, timeout, wait) do
    :ok = :atomics.put(limit, @timeout, timeout)
    until = from + System.convert_time_unit(timeout, :millisecond, :native)
    :ok = :atomics.put(limit, @until, until)
    result = wait.()
    :ok = :atomics.put(limit, @until, @never)
    result
  end

  # A signal from another process overtakes nothing, so what was sent before the end is here.
  defp called(pid, reason) do
    receive do
      {:called, ^pid, outcome} -> Outcome.get!(outcome)
    after
      0 -> exit({:call_ended, reason})
    end
  end

  defp guarded(work, owner, limit) do
    runner = self()
    guard = spawn(fn -> guard(owner, runner) end)
    work.(%{guard: guard, limit: limit})
  end

  # Its result may still be on its way, where a tick has failed. Nobody waits for it for long, as it may stand behind native code.
  defp stop(pid, reference) do
    ended = Process.monitor(pid)
    Process.exit(pid, :kill)

    receive do
      {:DOWN, ^ended, :process, ^pid, _reason} -> :ok
    after
      @tick_ms -> Process.demonitor(ended, [:flush])
    end

    _ = :erlang.unalias(reference)

    receive do
      {^reference, _outcome} -> :ok
    after
      0 -> :ok
    end
  end

  defp await(%{reference: reference, monitor: monitor, tag: tag} = waiting, ticked) do
    receive do
      {^reference, outcome} -> Outcome.get!(outcome)
      {:DOWN, ^monitor, :process, _pid, reason} -> exit(reason)
      {^tag, :tick} -> await(waiting, ticked(waiting, ticked))
    end
  end

  # When it called the tick last. One message comes from each scheduler.
  defp ticked(%{limit: limit, tick: tick}, ticked) do
    check!(limit)
    now = System.monotonic_time(:millisecond)

    if now - ticked > div(@tick_ms, 2) do
      _ = tick.()
      now
    else
      ticked
    end
  end

  defp check!(limit) do
    if System.monotonic_time() > :atomics.get(limit, @until),
      do: raise(CallTimeout, timeout_ms: :atomics.get(limit, @timeout))
  end

  defp guard(owner, runner) do
    Process.monitor(owner)
    Process.monitor(runner)
    guard(owner, runner, MapSet.new())
  end

  defp guard(owner, runner, pids) do
    receive do
      {:guard, pid} ->
        Process.monitor(pid)
        guard(owner, runner, MapSet.put(pids, pid))

      {:DOWN, _monitor, :process, pid, _reason} when pid in [owner, runner] ->
        Process.exit(runner, :kill)
        Enum.each(pids, &Process.exit(&1, :kill))

      {:DOWN, _monitor, :process, pid, _reason} ->
        guard(owner, runner, MapSet.delete(pids, pid))
    end
  end
end
