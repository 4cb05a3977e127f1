defmodule Cantilever.DataProcessor.Worker do
  @moduledoc false
  # The task that computes one chunk. It is linked to the coordinator, which traps exits: so it dies with the coordinator, however that
  # ends, and not the other way round. Items and function come in a message rather than in the task's arguments, which would be copied
  # through the supervisor as well.

  alias Cantilever.DataProcessor.Chunk
  alias Cantilever.DataProcessor.Journal
  alias Cantilever.DataProcessor.Segment

  @small 64
  @words_per_item 8

  @doc "Starts a worker under `Cantilever.TaskSupervisor` monitored, and gives it its chunk."
  @spec start(Chunk.t(), (term -> term), Journal.t(), pid) :: {pid, reference}
  def start(chunk, fun, journal, group_leader) do
    {:ok, pid} =
      Task.Supervisor.start_child(Cantilever.TaskSupervisor, __MODULE__, :run, [
        self(),
        group_leader
      ])

    # Before it has anything to die of: a monitor that comes too late knows no reason.
    ref = Process.monitor(pid)
    send(pid, {self(), chunk, fun, journal})
    {pid, ref}
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
    # The heap will hold the chunk and its results: growing to that in a dozen steps would copy them as often.
    _ = if chunk.count > @small, do: Process.flag(:min_heap_size, chunk.count * @words_per_item)
    started = System.monotonic_time()

    with :ok <- Journal.begin(journal),
         {:ok, results, failures} <- items(chunk.items, 1, fun, chunk, journal, [], []) do
      elapsed = System.convert_time_unit(System.monotonic_time() - started, :native, :microsecond)
      send(coordinator, {:done, chunk.first, Segment.new(results, failures), elapsed})
      :ok
    else
      :claimed -> Process.sleep(:infinity)
    end
  end

  # `results` runs backwards and has nil in the place of each failure.
  defp items([item | rest], position, fun, chunk, journal, results, failures) do
    try do
      fun.(item)
    catch
      kind, reason ->
        {kind, reason} = failure(kind, reason, __STACKTRACE__)
        index = chunk.first + position - 1
        error = Chunk.item_error(item, index, chunk.attempt, kind, reason, __STACKTRACE__)
        failures = [{position, error} | failures]
        go_on(rest, position, fun, chunk, journal, :error, error, [nil | results], failures)
    else
      result ->
        go_on(rest, position, fun, chunk, journal, :ok, result, [result | results], failures)
    end
  end

  defp go_on([], position, _fun, _chunk, journal, _tag, _value, results, failures) do
    finish(journal, position, results, failures)
  end

  defp go_on(rest, position, fun, chunk, journal, tag, value, results, failures) do
    case Journal.next(journal, position, tag, value) do
      :ok -> items(rest, position + 1, fun, chunk, journal, results, failures)
      :claimed -> :claimed
      :cut -> finish(journal, position, results, failures)
    end
  end

  defp finish(journal, position, results, failures) do
    with :ok <- Journal.finish(journal, position), do: {:ok, results, failures}
  end

  defp failure(:error, reason, stacktrace) do
    {:raise, Exception.normalize(:error, reason, stacktrace)}
  end

  defp failure(kind, reason, _stacktrace), do: {kind, reason}
end
