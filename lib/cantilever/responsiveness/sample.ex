defmodule Cantilever.Responsiveness.Sample do
  @moduledoc """
  What was seen of the node while it did one thing: nothing, pure Elixir, or the calls that are to be judged.

      iex> sample = Cantilever.Responsiveness.sample(nil, duration: 20)
      iex> sample.answers > 0 and sample.p50_us <= sample.p99_us and sample.calls == 0
      true

  `answers` is how many answers the `Cantilever.Responsiveness.Probe` got; `p50_us` to `max_us` tell how long they took
  in microseconds, and `p99_us_by_round` has one figure for each round, in their order.

  `holds` are the times in milliseconds for which a caller, or a process that it started, ran on a normal scheduler
  without letting another one run, as the VM reports them: longest first, at most 100,000 of them, while
  `hold_count` counts all. The VM counts whole milliseconds and reports more than one, so `longest_hold_ms` is nil if
  there was none of two milliseconds or more. Several calls can stand in one hold, where each is charged less than it
  took. `hold_place` is the function that the VM names for the longest one of which it names any. The operating system
  that takes a processor away looks the same, so compare with pure Elixir.

  `run_queues` counts those that were ready to run and had to wait (about one of them is the probe itself), and
  `utilisation` is the share of the time in which the schedulers of a kind were at work. `reductions` are those of the
  whole node, and `memory` is in bytes, as `:erlang.memory(:total)` tells it: native code's own is not in it.
  """

  alias Cantilever.Responsiveness.{Histogram, Probe}

  @most_holds 100_000

  @enforce_keys [
    :answers,
    :p50_us,
    :p90_us,
    :p99_us,
    :p999_us,
    :max_us,
    :histogram,
    :p99_us_by_round,
    :calls,
    :calls_per_s,
    :calls_by_caller,
    :holds,
    :hold_count,
    :longest_hold_ms,
    :hold_place,
    :run_queues,
    :utilisation,
    :reductions,
    :memory,
    :elapsed_ms
  ]
  defstruct @enforce_keys

  @typedoc "One value for each kind of scheduler."
  @type by_scheduler(value) :: %{normal: value, dirty_cpu: value, dirty_io: value}

  @typedoc "The figures of one thing that the node did, over one round or several. The module says what they mean."
  @type t :: %__MODULE__{
          answers: non_neg_integer,
          p50_us: non_neg_integer,
          p90_us: non_neg_integer,
          p99_us: non_neg_integer,
          p999_us: non_neg_integer,
          max_us: non_neg_integer,
          histogram: Histogram.t(),
          p99_us_by_round: [non_neg_integer],
          calls: non_neg_integer,
          calls_per_s: float,
          calls_by_caller: [non_neg_integer],
          holds: [pos_integer],
          hold_count: non_neg_integer,
          longest_hold_ms: nil | pos_integer,
          hold_place: nil | mfa,
          run_queues: by_scheduler(%{mean: float, max: non_neg_integer}),
          utilisation: by_scheduler(float),
          reductions: non_neg_integer,
          memory: %{before: non_neg_integer, max: non_neg_integer, after: non_neg_integer},
          elapsed_ms: non_neg_integer
        }

  # Builds a sample of what was seen in one round; the other figures follow from it.
  @doc false
  @spec new(%{required(atom) => term}) :: t
  def new(%{histogram: histogram, holds: holds, calls_by_caller: calls} = seen) do
    holds = Enum.sort_by(holds, fn {ms, _place} -> ms end, :desc)

    seen
    |> Map.take([:calls_by_caller, :run_queues, :utilisation, :reductions, :memory, :elapsed_ms])
    |> Map.merge(Probe.summary(histogram))
    |> Map.merge(rate(Enum.sum(calls), seen.elapsed_ms))
    |> Map.merge(%{
      p99_us_by_round: [Histogram.percentile(histogram, 99)],
      holds: for({ms, _place} <- Enum.take(holds, @most_holds), do: ms),
      hold_count: length(holds),
      longest_hold_ms: Enum.find_value(holds, fn {ms, _place} -> ms end),
      hold_place: Enum.find_value(holds, fn {_ms, place} -> place end)
    })
    |> then(&struct!(__MODULE__, &1))
  end

  @doc "The samples of several rounds, in their order, as one."
  @spec merge([t, ...]) :: t
  def merge([first | rest]), do: Enum.reduce(rest, first, &append/2)

  defp append(b, a) do
    elapsed_ms = a.elapsed_ms + b.elapsed_ms
    longer = if (b.longest_hold_ms || 0) > (a.longest_hold_ms || 0), do: b, else: a

    Histogram.merge(a.histogram, b.histogram)
    |> Probe.summary()
    |> Map.merge(rate(a.calls + b.calls, elapsed_ms))
    |> Map.merge(%{
      p99_us_by_round: a.p99_us_by_round ++ b.p99_us_by_round,
      calls_by_caller: Enum.zip_with(a.calls_by_caller, b.calls_by_caller, &+/2),
      holds: Enum.take(Enum.sort(a.holds ++ b.holds, :desc), @most_holds),
      hold_count: a.hold_count + b.hold_count,
      longest_hold_ms: longer.longest_hold_ms,
      hold_place: longer.hold_place || a.hold_place || b.hold_place,
      run_queues: by_kind(a, b, :run_queues, &queue/4),
      utilisation: by_kind(a, b, :utilisation, &mean/4),
      reductions: a.reductions + b.reductions,
      memory: %{
        before: a.memory.before,
        max: max(a.memory.max, b.memory.max),
        after: b.memory.after
      },
      elapsed_ms: elapsed_ms
    })
    |> then(&struct!(__MODULE__, &1))
  end

  defp rate(calls, elapsed_ms),
    do: %{calls: calls, calls_per_s: calls * 1_000 / max(elapsed_ms, 1)}

  defp by_kind(a, b, key, combine) do
    Map.new([:normal, :dirty_cpu, :dirty_io], fn kind ->
      {%{^key => %{^kind => in_a}}, %{^key => %{^kind => in_b}}} = {a, b}
      {kind, combine.(in_a, a.elapsed_ms, in_b, b.elapsed_ms)}
    end)
  end

  defp queue(a, a_ms, b, b_ms),
    do: %{mean: mean(a.mean, a_ms, b.mean, b_ms), max: max(a.max, b.max)}

  defp mean(a, a_ms, b, b_ms), do: (a * a_ms + b * b_ms) / max(a_ms + b_ms, 1)
end
