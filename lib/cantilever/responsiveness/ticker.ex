defmodule Cantilever.Responsiveness.Ticker do
  @moduledoc false
  # Wakes a process again and again, as a timer of its own would not while native code holds the scheduler that has the timer. And that
  # is where such code most likely runs: beside the process that waits for it. So there is a timer on each scheduler.

  alias Cantilever.Responsiveness.{EachScheduler, ElixirLoad}

  @busy_us 2_000

  @typedoc "A tick is the message `{tag, :tick}`."
  @type t :: %{tag: reference, pids: [pid]}

  @doc "Sends ticks to the caller, about every `ms` from each scheduler that is free, until `stop/1` or the caller's end."
  @spec start(pos_integer) :: t
  def start(ms) do
    keep_busy()
    owner = self()
    # What a held scheduler sends when all is over reaches nobody.
    tag = :erlang.alias()

    pids =
      EachScheduler.start(
        fn ->
          Process.monitor(owner)
          loop(tag, ms)
        end,
        priority: :normal
      )

    %{tag: tag, pids: pids}
  end

  @doc "Ends it. No tick is left in the mailbox, and none comes."
  @spec stop(t) :: :ok
  def stop(%{tag: tag, pids: pids}) do
    Enum.each(pids, &send(&1, :stop))
    _ = :erlang.unalias(tag)
    flush(tag)
  end

  # The VM leaves what little there is to do to one scheduler, and the others, though they wake, take nothing over. This has it use them.
  defp keep_busy do
    busy =
      for _ <- 1..(2 * System.schedulers_online()),
          do: spawn_monitor(fn -> ElixirLoad.run_for(@busy_us) end)

    Enum.each(busy, fn {pid, monitor} ->
      receive do
        {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
      end
    end)
  end

  defp loop(tag, ms) do
    receive do
      :stop -> :ok
      {:DOWN, _monitor, :process, _owner, _reason} -> :ok
    after
      ms ->
        _ = :erlang.send(tag, {tag, :tick})
        loop(tag, ms)
    end
  end

  defp flush(tag) do
    receive do
      {^tag, :tick} -> flush(tag)
    after
      0 -> :ok
    end
  end
end
