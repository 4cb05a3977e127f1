defmodule Cantilever.Responsiveness.Load do
  @moduledoc false
  # Watches the schedulers and the memory of the node: how many wait for a scheduler, how long the schedulers are at work, what was
  # allocated. A process for each of the two, as asking for the memory waits for every scheduler, and so for one that is held.

  @queues_ms 10
  @memory_ms 100

  @typedoc "Who watches."
  @opaque t :: %{queues: pid, memory: pid}

  @doc "Begins to watch, linked to the caller; returns when the first look has been taken."
  @spec start_link() :: t
  def start_link do
    %{queues: start(:high, &watch_queues/0), memory: start(:normal, &watch_memory/0)}
  end

  @doc "Ends it, and tells what was seen: the fields of a sample."
  @spec stop(t) :: %{run_queues: map, utilisation: map, reductions: non_neg_integer, memory: map}
  def stop(%{queues: queues, memory: memory}) do
    Map.put(ask(queues), :memory, ask(memory))
  end

  defp start(priority, watch) do
    owner = self()

    pid =
      :erlang.spawn_opt(
        fn ->
          look = watch.()
          send(owner, {:watching, self()})
          look.()
        end,
        [:link, priority: priority]
      )

    receive do
      {:watching, ^pid} -> pid
    end
  end

  defp ask(pid) do
    monitor = Process.monitor(pid)
    send(pid, {:stop, self()})

    receive do
      {:seen, ^pid, seen} ->
        receive do
          {:DOWN, ^monitor, :process, ^pid, _reason} -> seen
        end
    end
  end

  # The flag counts the processes that have set it, and forgets each that ends.
  defp watch_queues do
    _ = :erlang.system_flag(:scheduler_wall_time, true)
    {reductions, _since_last} = :erlang.statistics(:reductions)
    work = :erlang.statistics(:scheduler_wall_time_all)
    fn -> look_at_queues(reductions, work, queues([]), 1) end
  end

  defp look_at_queues(reductions, work, seen, looks) do
    receive do
      {:stop, from} ->
        {now, _since_last} = :erlang.statistics(:reductions)
        work_now = :erlang.statistics(:scheduler_wall_time_all)
        _ = :erlang.system_flag(:scheduler_wall_time, false)

        send(from, {
          :seen,
          self(),
          %{
            reductions: max(now - reductions, 0),
            utilisation: utilisation(work, work_now),
            run_queues:
              Map.new(seen, fn {kind, {sum, max}} -> {kind, %{mean: sum / looks, max: max}} end)
          }
        })
    after
      @queues_ms -> look_at_queues(reductions, work, queues(seen), looks + 1)
    end
  end

  # One queue for each scheduler, then one for all the dirty CPU schedulers and one for all the dirty I/O ones.
  defp queues(seen) do
    {normal, [dirty_cpu, dirty_io]} =
      :run_queue_lengths_all
      |> :erlang.statistics()
      |> Enum.split(:erlang.system_info(:schedulers))

    for {kind, length} <- [
          normal: Enum.sum(normal),
          dirty_cpu: dirty_cpu,
          dirty_io: dirty_io
        ] do
      {sum, max} = Keyword.get(seen, kind, {0, 0})
      {kind, {sum + length, max(max, length)}}
    end
  end

  # Schedulers are numbered by kind, and of each kind those online come first.
  defp utilisation(before, now) do
    schedulers = :erlang.system_info(:schedulers)
    dirty_cpu = :erlang.system_info(:dirty_cpu_schedulers)

    ids = %{
      normal: {0, System.schedulers_online()},
      dirty_cpu: {schedulers, :erlang.system_info(:dirty_cpu_schedulers_online)},
      dirty_io: {schedulers + dirty_cpu, :erlang.system_info(:dirty_io_schedulers)}
    }

    before = Map.new(before, fn {id, active, total} -> {id, {active, total}} end)

    Map.new(ids, fn {kind, {offset, count}} ->
      deltas =
        for {id, active, total} <- now, id > offset and id <= offset + count do
          {active_before, total_before} = Map.fetch!(before, id)
          {active - active_before, total - total_before}
        end

      {kind, share(Enum.sum(for {a, _} <- deltas, do: a), Enum.sum(for {_, t} <- deltas, do: t))}
    end)
  end

  defp share(_active, 0), do: 0.0
  defp share(active, total), do: active / total

  defp watch_memory do
    bytes = :erlang.memory(:total)
    fn -> look_at_memory(bytes, bytes) end
  end

  defp look_at_memory(before, most) do
    receive do
      {:stop, from} ->
        now = :erlang.memory(:total)
        send(from, {:seen, self(), %{before: before, max: max(most, now), after: now}})
    after
      @memory_ms -> look_at_memory(before, max(most, :erlang.memory(:total)))
    end
  end
end
