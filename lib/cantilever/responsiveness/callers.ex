defmodule Cantilever.Responsiveness.Callers do
  @moduledoc false
  # The processes that call a function again and again, until a moment at which each of them looks itself: a timer could be late. Each
  # makes one call at least. They give no turn away between two calls, as little as the loops of ordinary code do.

  alias Cantilever.Responsiveness.{Outcome, Runner}

  @between_looks_us 20
  # A function that was quick may become slow at any time, and then as many calls go on after the deadline.
  @most_between_looks 64

  @doc "Starts them; they wait for `run/4`."
  @spec start(Runner.t(), (() -> any), pos_integer, :normal | :low) :: [{pid, reference}]
  def start(runner, fun, concurrency, priority) do
    to = self()
    for _ <- 1..concurrency, do: Runner.start(runner, priority, fn -> begin(fun, to) end)
  end

  @doc """
  Has them call until `deadline` (native time), and returns how many calls each has made when all have ended.

  The first that fails ends it with its error. Where one has not ended when `timeout` has passed since the deadline, until which it began
  new calls, the runner gives up.
  """
  @spec run(Runner.t(), [{pid, reference}], integer, timeout) :: [pos_integer]
  def run(runner, callers, deadline, timeout \\ :infinity) do
    for {pid, _monitor} <- callers, do: send(pid, {:go, deadline})
    Runner.limit(runner, deadline, timeout, fn -> Enum.map(callers, &await(&1, callers)) end)
  end

  @doc "One call in a process of its own; how long it took in microseconds."
  @spec once(Runner.t(), (() -> any), timeout) :: non_neg_integer
  def once(runner, fun, timeout \\ :infinity) do
    call = fn ->
      {us, _result} = :timer.tc(fun)
      us
    end

    Runner.call(runner, call, timeout)
  end

  defp await({pid, monitor}, callers) do
    receive do
      {:called, ^pid, {:ok, calls}} ->
        receive do
          {:DOWN, ^monitor, :process, ^pid, _reason} -> calls
        end

      # It has ended itself, without an error, in the middle of a call.
      {:DOWN, ^monitor, :process, ^pid, reason} ->
        exit({:call_ended, reason})

      # Any of them, as the one that is waited for may still have long to run.
      {:called, _pid, {kind, reason, stacktrace}} ->
        :erlang.raise(kind, reason, stacktrace)

      {:DOWN, ended, :process, _pid, reason} when reason != :normal ->
        if List.keymember?(callers, ended, 1),
          do: exit({:call_ended, reason}),
          else: await({pid, monitor}, callers)
    end
  end

  defp begin(fun, to) do
    receive do
      {:go, deadline} ->
        between = System.convert_time_unit(@between_looks_us, :microsecond, :native)
        loop = fn -> loop(fun, deadline, between, System.monotonic_time(), 0, 1) end
        send(to, {:called, self(), Outcome.of(loop)})
    end
  end

  # A look at the clock takes longer than a tiny call and is charged as little. So they are so far apart that they do not count.
  defp loop(fun, deadline, between, now, calls, batch) do
    :ok = repeat(fun, batch)
    calls = calls + batch
    later = System.monotonic_time()

    if later >= deadline do
      calls
    else
      batch =
        if later - now < between,
          do: min(2 * batch, @most_between_looks),
          else: max(div(batch, 2), 1)

      loop(fun, deadline, between, later, calls, batch)
    end
  end

  defp repeat(_fun, 0), do: :ok

  defp repeat(fun, times) do
    _ = fun.()
    repeat(fun, times - 1)
  end
end
