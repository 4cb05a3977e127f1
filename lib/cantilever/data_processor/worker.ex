defmodule Cantilever.DataProcessor.Worker do
  @moduledoc false
  # The task that computes one chunk. It is linked to the coordinator, which traps exits: so it dies with the coordinator, however that
  # ends, and not the other way round. Items and function come in a message rather than in the task's arguments, which would be copied
  # through the supervisor as well.

  alias Cantilever.DataProcessor.Chunk
  alias Cantilever.DataProcessor.Journal

  @doc "Starts a worker under `Cantilever.TaskSupervisor` and gives it its chunk."
  @spec start(Chunk.t(), (term -> term), Journal.t(), pid) :: pid
  def start(chunk, fun, journal, group_leader) do
    {:ok, pid} =
      Task.Supervisor.start_child(Cantilever.TaskSupervisor, __MODULE__, :run, [
        self(),
        group_leader
      ])

    send(pid, {self(), chunk, fun, journal})
    pid
  end

  @doc false
  @spec run(pid, pid) :: :ok
  def run(coordinator, group_leader) do
    Process.link(coordinator)
    Process.group_leader(self(), group_leader)

    receive do
      {^coordinator, chunk, fun, journal} -> compute(coordinator, chunk, fun, journal)
    end
  end

  defp compute(coordinator, chunk, fun, journal) do
    started = System.monotonic_time()

    with :ok <- Journal.begin(journal),
         {outcomes, failed} <- items(chunk.items, 1, fun, chunk, journal, [], 0) do
      elapsed = System.convert_time_unit(System.monotonic_time() - started, :native, :microsecond)
      send(coordinator, {:done, chunk.first, outcomes, failed, elapsed})
      :ok
    else
      :claimed -> Process.sleep(:infinity)
    end
  end

  defp items([item | rest], position, fun, chunk, journal, outcomes, failed) do
    outcome = item(item, position, fun, chunk)
    failed = if elem(outcome, 0) == :ok, do: failed, else: failed + 1
    outcomes = [outcome | outcomes]

    case rest != [] and Journal.next(journal, position, outcome) do
      :ok -> items(rest, position + 1, fun, chunk, journal, outcomes, failed)
      :claimed -> :claimed
      _last_or_cut -> finish(journal, position, outcomes, failed)
    end
  end

  defp finish(journal, position, outcomes, failed) do
    with :ok <- Journal.finish(journal, position), do: {Enum.reverse(outcomes), failed}
  end

  defp item(item, position, fun, chunk) do
    {:ok, fun.(item)}
  catch
    kind, reason ->
      {kind, reason} = failure(kind, reason, __STACKTRACE__)
      index = chunk.first + position - 1
      {:error, Chunk.item_error(item, index, chunk.attempt, kind, reason, __STACKTRACE__)}
  end

  defp failure(:error, reason, stacktrace) do
    {:raise, Exception.normalize(:error, reason, stacktrace)}
  end

  defp failure(kind, reason, _stacktrace), do: {kind, reason}
end
