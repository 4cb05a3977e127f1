defmodule Cantilever.Bench.Soak.Victims do
  @moduledoc false
  # Callers of every mode that work until they are killed.

  alias Cantilever.{KitNif, TermGenerator}

  @most_ms 60_000
  @tasks 4

  # The mode and the function that its callers run.
  @spec draw() :: {atom(), (() -> term())}
  def draw do
    bytes = :rand.uniform(100_000)
    binary = fn -> :binary.copy(<<1>>, bytes) end

    TermGenerator.pick(
      normal: fn -> endlessly(fn -> KitNif.sum_normal(binary.()) end) end,
      handles: fn -> endlessly(fn -> KitNif.live_handle(binary.()) end) end,
      dirty_cpu: fn -> KitNif.endless_dirty_cpu(binary.()) end,
      dirty_io: fn -> KitNif.endless_dirty_io(binary.()) end,
      parallel: fn -> KitNif.endless_parallel(binary.()) end,
      yielding: fn -> KitNif.endless_yielding(binary.()) end,
      thread: fn -> KitNif.endless_with_thread(binary.()) end,
      parked: fn -> KitNif.endless_parked(KitNif.slot_new(), binary.()) end
    )
  end

  # An operation that starts a victim and kills it.
  @spec killed((() -> term()), non_neg_integer()) :: (() -> nil | String.t())
  def killed(victim, pause_ms) do
    fn ->
      {pid, monitor} = spawn_monitor(victim)
      pause(pause_ms)
      Process.exit(pid, :kill)

      receive do
        {:DOWN, ^monitor, :process, ^pid, :killed} ->
          nil

        {:DOWN, ^monitor, :process, ^pid, reason} ->
          "ended with #{inspect(reason)} before it was killed"
      after
        @most_ms -> "did not die within #{@most_ms} ms"
      end
    end
  end

  # An operation that has `Task.async_stream/3` kill some.
  @spec timed_out((() -> term()), pos_integer()) :: (() -> nil | String.t())
  def timed_out(victim, timeout_ms) do
    fn ->
      results =
        1..@tasks
        |> Task.async_stream(fn _task -> victim.() end,
          timeout: timeout_ms,
          on_timeout: :kill_task,
          max_concurrency: @tasks
        )
        |> Enum.uniq()

      if results == [{:exit, :timeout}], do: nil, else: "gave #{inspect(results, limit: 20)}"
    end
  end

  # 0 leaves it to the scheduler how far the victim gets.
  @spec pause(non_neg_integer()) :: :ok
  def pause(0) do
    :erlang.yield()
    :ok
  end

  def pause(ms) do
    receive do
    after
      ms -> :ok
    end
  end

  # A call of 10 µs is charged a single reduction, so a slice of them would hold up everybody else for long.
  defp endlessly(fun) do
    fun.()
    :erlang.bump_reductions(400)
    endlessly(fun)
  end
end
