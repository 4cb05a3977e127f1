defmodule Cantilever.Bench.JSON.Throughput do
  @moduledoc """
  How long a call takes, in a process that did nothing else before.

      Cantilever.Bench.JSON.Throughput.ns_per_call(&:erlang.binary_to_term/1, packed, 40)

  A new process for each sample begins with the same small heap, whatever came before it. Its first calls are not
  counted, so that the heap has grown to what the work needs; from then on every call's result is garbage at once, and
  the collections that this makes necessary are counted, as every caller has to pay for them.
  """

  @doc "The nanoseconds of one `call` with `input`, over about `ms` milliseconds."
  @spec ns_per_call((input -> term), input, pos_integer) :: float when input: term
  def ns_per_call(call, input, ms) do
    {pid, monitor} =
      spawn_monitor(fn -> exit({:measured, measure(call, input, ms * 1_000_000)}) end)

    receive do
      {:DOWN, ^monitor, :process, ^pid, {:measured, ns}} -> ns
      {:DOWN, ^monitor, :process, ^pid, reason} -> exit(reason)
    end
  end

  defp measure(call, input, target_ns) do
    count = count(call, input, target_ns, 1)
    time(call, input, count) / count
  end

  # How many calls fill the time, from the smallest number of them that fills an eighth of it.
  defp count(call, input, target_ns, tried) do
    case time(call, input, tried) do
      ns when ns >= div(target_ns, 8) -> max(div(tried * target_ns, ns), 1)
      _too_short -> count(call, input, target_ns, tried * 2)
    end
  end

  defp time(call, input, count) do
    begun = System.monotonic_time(:nanosecond)
    :ok = repeat(call, input, count)
    System.monotonic_time(:nanosecond) - begun
  end

  defp repeat(_call, _input, 0), do: :ok

  defp repeat(call, input, times) do
    _ = call.(input)
    repeat(call, input, times - 1)
  end
end
