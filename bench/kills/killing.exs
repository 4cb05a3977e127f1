defmodule Cantilever.Bench.Kills.Killing do
  @moduledoc false
  # Starts callers, kills them all at a random moment, and measures until none of their work is left and a scheduler of the
  # kind answers.

  alias Cantilever.Bench.Kills

  @most_before_ms 50

  @spec freed_after_ms((() -> term), pos_integer, (() -> true)) :: float
  def freed_after_ms(work, callers, probe) do
    # The kit may admit fewer at a time than there are schedulers: the rest waits, and is killed as it waits.
    pids = for _caller <- 1..callers, do: spawn(work)
    until(fn -> Kills.running() > 0 end)
    wait_ms(:rand.uniform(@most_before_ms))

    started = System.monotonic_time(:nanosecond)
    Enum.each(pids, &Process.exit(&1, :kill))
    until(fn -> Kills.running() == 0 end)
    true = probe.()
    (System.monotonic_time(:nanosecond) - started) / 1_000_000
  end

  defp until(condition) do
    if not condition.() do
      :erlang.yield()
      until(condition)
    end
  end

  defp wait_ms(ms) do
    receive do
    after
      ms -> :ok
    end
  end
end
