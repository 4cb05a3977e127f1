defmodule Cantilever.Bench.Upgrade.Callers do
  @moduledoc false
  # Processes that call a library without a pause, and note what goes wrong: a call that fails, or gives a wrong value.
  # One that is killed is noted by whoever stops them.

  alias Cantilever.Bench.Upgrade.Calls

  @long_ms 5_000

  @type t :: %{
          counter: reference(),
          counts: :counters.counters_ref(),
          processes: [{pid(), reference()}]
        }
  @type outcome :: %{
          calls: non_neg_integer(),
          long_calls: non_neg_integer(),
          failed: [term()],
          killed: non_neg_integer()
        }

  @short 1
  @long 2
  @stop 3

  # Four in a tight loop, and three with a long call each: a yielding one and two dirty ones.
  @spec start() :: t()
  def start do
    counts = :counters.new(3, [:atomics])
    counter = Calls.counter_new()

    short = for _ <- 1..4, do: fn -> short(counter) end

    long = [
      fn -> Calls.yield_for(@long_ms) in [1, 2] end,
      fn -> Calls.wait_for(@long_ms) in [{:ok, 1}, {:ok, 2}] end,
      fn -> Calls.wait_for(@long_ms) in [{:ok, 1}, {:ok, 2}] end
    ]

    processes =
      for {calls, index} <- [{short, @short}, {long, @long}],
          call <- calls,
          do: spawn_monitor(fn -> loop(call, counts, index) end)

    %{counter: counter, counts: counts, processes: processes}
  end

  # Waits for the calls that are in flight.
  @spec stop(t()) :: outcome()
  def stop(callers) do
    :counters.put(callers.counts, @stop, 1)

    reasons =
      for {pid, monitor} <- callers.processes do
        receive do
          {:DOWN, ^monitor, :process, ^pid, reason} -> reason
        end
      end

    calls = :counters.get(callers.counts, @short)
    # Each of them has counted in the one handle, which all versions have had in turn.
    lost = if Calls.counter_next(callers.counter) == calls + 1, do: [], else: [:lost_state]

    %{
      calls: calls,
      long_calls: :counters.get(callers.counts, @long),
      failed: lost ++ for(reason <- reasons, reason not in [:normal, :killed], do: reason),
      killed: Enum.count(reasons, &(&1 == :killed))
    }
  end

  defp short(counter) do
    next = Calls.counter_next(counter)

    Calls.version() in [1, 2] and Calls.note("a text") == 6 and Calls.sum_parallel(10) == 285 and
      next > 0
  end

  defp loop(call, counts, index) do
    true = call.()
    :counters.add(counts, index, 1)
    if :counters.get(counts, @stop) == 0, do: loop(call, counts, index), else: :ok
  end
end
