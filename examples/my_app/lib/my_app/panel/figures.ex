defmodule MyApp.Panel.Figures do
  @moduledoc false
  # What the VM and the probe say, as the page gets it.

  alias Cantilever.Responsiveness.Histogram

  @typedoc "How long each scheduler was at work, and for how long it was looked at, by its number."
  @type work :: %{pos_integer() => {active :: non_neg_integer(), total :: non_neg_integer()}}

  @spec work() :: work()
  def work do
    for {id, active, total} <- :erlang.statistics(:scheduler_wall_time_all),
        into: %{},
        do: {id, {active, total}}
  end

  @doc "The event `stats`, from what was seen."
  @spec stats(map()) :: map()
  def stats(seen) do
    {normal, dirty_cpu, dirty_io} = by_kind(shares(seen.before, seen.now))
    {normal_queues, dirty_cpu_queue, dirty_io_queue} = queues(seen.queues)

    %{
      interval_ms: seen.interval_ms,
      probe: probe(seen.probe),
      schedulers: normal,
      dirty_cpu: dirty_cpu,
      dirty_io: mean(dirty_io),
      run_queues: %{
        normal: normal_queues,
        dirty_cpu: dirty_cpu_queue,
        dirty_io: dirty_io_queue
      },
      work: seen.work
    }
  end

  defp probe(summary) do
    summary
    |> Map.take([:answers, :p50_us, :p99_us, :max_us])
    |> Map.put(
      :histogram,
      for({up_to, count} <- Histogram.buckets(summary.histogram), do: [up_to, count])
    )
  end

  @doc "The part of the time between two looks in which each scheduler was at work."
  @spec shares(work(), work()) :: [{pos_integer(), float()}]
  def shares(before, now) do
    for {id, {active, total}} <- Enum.sort(now) do
      # Nobody had asked for the figures before.
      {active_before, total_before} = Map.get(before, id, {active, total})
      {id, share(active - active_before, total - total_before)}
    end
  end

  defp share(_active, total) when total <= 0, do: 0.0
  defp share(active, total), do: Float.round(min(max(active / total, 0.0), 1.0), 3)

  # They are numbered by kind, and of each kind those online come first.
  defp by_kind(shares) do
    normal = :erlang.system_info(:schedulers)
    dirty_cpu = :erlang.system_info(:dirty_cpu_schedulers)

    {online(shares, 0, System.schedulers_online()),
     online(shares, normal, :erlang.system_info(:dirty_cpu_schedulers_online)),
     online(shares, normal + dirty_cpu, :erlang.system_info(:dirty_io_schedulers))}
  end

  defp online(shares, offset, count),
    do: for({id, share} <- shares, id > offset and id <= offset + count, do: share)

  # One queue for each normal scheduler, then one for all the dirty ones of each kind.
  defp queues(lengths) do
    {normal, [dirty_cpu, dirty_io]} = Enum.split(lengths, :erlang.system_info(:schedulers))
    {Enum.take(normal, System.schedulers_online()), dirty_cpu, dirty_io}
  end

  defp mean([]), do: 0.0
  defp mean(shares), do: Float.round(Enum.sum(shares) / length(shares), 3)
end
