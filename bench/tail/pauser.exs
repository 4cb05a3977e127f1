defmodule Cantilever.Bench.Tail.Pauser do
  @moduledoc """
  Has the pool pause while processes wait for a scheduler.

      Cantilever.Bench.Tail.Pauser.during(&Calls.pause/1, fn -> measure() end)

  It looks once a millisecond, which is as often as a process can without keeping a scheduler busy. Once it has seen
  somebody wait, it goes to the end of the queue itself and looks again when its turn comes, so that a pause lasts no
  longer than those that waited need.
  """

  @every_ms 1

  @doc "Calls `fun`, and `pause` with true or false beside it, in the end with false."
  @spec during((boolean -> term), (() -> result)) :: result when result: term
  def during(pause, fun) do
    {pid, monitor} = :erlang.spawn_opt(fn -> watch(pause) end, [:link, :monitor])

    try do
      fun.()
    after
      send(pid, :stop)

      receive do
        {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
      end

      pause.(false)
    end
  end

  defp watch(pause) do
    waiting? = :erlang.statistics(:total_run_queue_lengths) > 0
    pause.(waiting?)
    if waiting?, do: :erlang.yield()

    receive do
      :stop -> :ok
    after
      if(waiting?, do: 0, else: @every_ms) -> watch(pause)
    end
  end
end
