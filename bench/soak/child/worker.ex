defmodule Cantilever.Bench.Soak.Worker do
  @moduledoc false
  # One operation after the other, each drawn and carried out with random numbers of its own: seed, worker and number repeat it.

  alias Cantilever.Bench.Soak.{Link, Operations}

  # The kinds of operations, and how often each comes.
  @kinds [
    fuzz: 40,
    yielding: 6,
    parallel: 2,
    shared: 6,
    handle: 8,
    parked: 6,
    panic: 10,
    lonely_panic: 2,
    file: 4,
    kill: 10,
    kill_tasks: 2
  ]

  @drawn Enum.flat_map(@kinds, fn {kind, weight} -> List.duplicate(kind, weight) end)
         |> List.to_tuple()
  # Reloading is left to a process of its own, and counted here like the others.
  @names Keyword.keys(@kinds) ++ [:reload]
  @index @names |> Enum.with_index(1) |> Map.new()

  @spec kinds() :: [atom()]
  def kinds, do: @names

  @spec count(:counters.counters_ref(), atom()) :: :ok
  def count(counts, kind), do: :counters.add(counts, @index[kind], 1)

  @spec run(pos_integer(), map()) :: no_return()
  def run(number, shared), do: loop(number, 1, shared)

  defp loop(worker, number, shared) do
    pause()
    _ = :rand.seed(:exsss, {shared.seed, worker, number})
    kind = elem(@drawn, :rand.uniform(tuple_size(@drawn)) - 1)
    {text, operation} = Operations.draw(kind, shared.handles)
    Link.tell({:operation, worker, number, kind, text})

    case outcome(operation) do
      nil ->
        :ok

      problem ->
        Link.tell(
          {:failure, "worker #{worker}, operation #{number}, #{kind} #{text}: #{problem}"}
        )
    end

    count(shared.counts, kind)
    loop(worker, number + 1, shared)
  end

  defp pause do
    receive do
      {:pause, from} ->
        :erlang.garbage_collect()
        send(from, {:paused, self()})

        receive do
          :go_on -> :ok
        end
    after
      0 -> :ok
    end
  end

  defp outcome(operation) do
    operation.()
  catch
    kind, reason -> Exception.format(kind, reason, __STACKTRACE__)
  end
end
