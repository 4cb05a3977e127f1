defmodule Cantilever.Responsiveness.Phase do
  @moduledoc false
  # One look at the node while callers call a function, or while nobody does.

  alias Cantilever.Responsiveness.{
    Callers,
    Holds,
    Load,
    LongSchedules,
    Options,
    Probe,
    Runner,
    Sample
  }

  @threshold_ms 1

  @doc "Looks for the duration in the options, in the process of the runner."
  @spec run(Runner.t(), (() -> any) | nil, Options.t()) :: Sample.t()
  def run(runner, fun, %Options{} = options) do
    subscription = LongSchedules.subscribe(@threshold_ms)
    load = Load.start_link()

    callers =
      if fun, do: Callers.start(runner, fun, options.concurrency, options.priority), else: []

    {:ok, probe} = Probe.start_link()

    began = System.monotonic_time()
    deadline = began + System.convert_time_unit(options.duration, :millisecond, :native)
    calls_by_caller = Callers.run(runner, callers, deadline, options.timeout)
    wait_until(deadline)
    elapsed = System.monotonic_time() - began

    %{histogram: histogram} = Probe.stop(probe)
    seen = Load.stop(load)
    holds = Holds.collect(subscription, MapSet.new(callers, fn {pid, _monitor} -> pid end))
    LongSchedules.finish!(subscription)

    Sample.new(
      Map.merge(seen, %{
        histogram: histogram,
        calls_by_caller: calls_by_caller,
        holds: holds,
        elapsed_ms: System.convert_time_unit(elapsed, :native, :millisecond)
      })
    )
  end

  defp wait_until(deadline) do
    left = deadline - System.monotonic_time()
    if left > 0, do: Process.sleep(System.convert_time_unit(left, :native, :millisecond) + 1)
  end
end
