defmodule Cantilever.Responsiveness.Runner do
  @moduledoc false
  # Runs a piece of a measurement in a process of its own, and sees to it that nothing which that piece started outlives it: neither
  # when it ends, nor when it fails, nor when the process that measures is killed. What it starts with `start/3` are processes under no
  # link, so that foreign code can run in them; a guard beside it, which runs no foreign code, kills those that are left.

  alias Cantilever.Responsiveness.{CallTimeout, Outcome}

  @tick_ms 100

  @typedoc "Where a piece of work can start processes."
  @opaque t :: %{guard: pid}

  @doc """
  The result of `work`, or the error that it ended with.

  While the caller waits it calls `tick` about every #{@tick_ms} ms.
  """
  @spec run((t -> result), (() -> any)) :: result when result: term
  def run(work, tick \\ fn -> :ok end) do
    owner = self()
    reference = make_ref()

    {pid, monitor} =
      spawn_monitor(fn ->
        send(owner, {reference, Outcome.of(fn -> guarded(work, owner) end)})
        # What it has linked to itself would survive a normal end.
        Process.exit(self(), :shutdown)
      end)

    try do
      await(reference, monitor, tick)
    after
      Process.demonitor(monitor, [:flush])
      stop(pid, reference)
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

  Where the process ends without either, as when it is killed, this exits with `{:call_ended, reason}`, and where it does not end within
  `timeout`, this raises `Cantilever.Responsiveness.CallTimeout`.
  """
  @spec call(t, (() -> result), timeout) :: result when result: term
  def call(runner, fun, timeout \\ :infinity) do
    to = self()

    {pid, monitor} =
      start(runner, :normal, fn -> send(to, {:called, self(), Outcome.of(fun)}) end)

    receive do
      {:DOWN, ^monitor, :process, ^pid, reason} -> called(pid, reason)
    after
      timeout -> raise CallTimeout, timeout_ms: timeout
    end
  end

  # A signal from another process overtakes nothing, so what was sent before the end is here.
  defp called(pid, reason) do
    receive do
      {:called, ^pid, outcome} -> Outcome.get!(outcome)
    after
      0 -> exit({:call_ended, reason})
    end
  end

  defp guarded(work, owner) do
    runner = self()
    guard = spawn(fn -> guard(owner, runner) end)
    work.(%{guard: guard})
  end

  # Its result may still be on its way, where a tick has failed.
  defp stop(pid, reference) do
    ended = Process.monitor(pid)
    Process.exit(pid, :kill)

    receive do
      {:DOWN, ^ended, :process, ^pid, _reason} -> :ok
    end

    receive do
      {^reference, _outcome} -> :ok
    after
      0 -> :ok
    end
  end

  defp await(reference, monitor, tick) do
    receive do
      {^reference, outcome} -> Outcome.get!(outcome)
      {:DOWN, ^monitor, :process, _pid, reason} -> exit(reason)
    after
      @tick_ms ->
        _ = tick.()
        await(reference, monitor, tick)
    end
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
