defmodule Cantilever.Bench.Yielding.Slices do
  @moduledoc false
  # How long a process stays on its scheduler each time, seen from outside: the VM's own trace of when it was scheduled
  # in and out. So nothing needs to be believed that the measured code says of itself.

  # The lengths of the slices that `work` takes, in microseconds and in order.
  def measure_us(work) do
    tracer = self()

    {pid, monitor} =
      spawn_monitor(fn ->
        receive do
          :go -> work.()
        end
      end)

    :erlang.trace(pid, true, [:running, :monotonic_timestamp, tracer: tracer])
    send(pid, :go)

    receive do
      {:DOWN, ^monitor, :process, ^pid, :normal} -> :ok
    end

    # What the VM still had to deliver when the process ended comes before this.
    delivered = :erlang.trace_delivered(pid)

    receive do
      {:trace_delivered, ^pid, ^delivered} -> :ok
    end

    collect(pid, nil, [])
  end

  defp collect(pid, since, slices) do
    receive do
      {:trace_ts, ^pid, :in, _where, at} ->
        collect(pid, at, slices)

      {:trace_ts, ^pid, :out, _where, at} when since != nil ->
        collect(pid, nil, [at - since | slices])

      {:trace_ts, ^pid, _other, _where, _at} ->
        collect(pid, nil, slices)
    after
      0 ->
        slices
        |> Enum.reverse()
        |> Enum.map(&(System.convert_time_unit(&1, :native, :nanosecond) / 1_000))
    end
  end
end
