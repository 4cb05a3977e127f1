defmodule Cantilever.MadeUpReport do
  @moduledoc false
  # Reports that no measurement made, so that what is written about them is the same each time.

  alias Cantilever.Responsiveness.Histogram
  alias Cantilever.Responsiveness.Report
  alias Cantilever.Responsiveness.Sample
  alias Cantilever.Responsiveness.Verdict

  @spec fine() :: Report.t()
  def fine, do: report(%Verdict{status: :fine, reasons: []}, 1)

  # With texts that are to be escaped wherever they are shown.
  @spec fails([String.t()]) :: Report.t()
  def fails(messages \\ ["a call holds a scheduler for 22 ms"]) do
    reasons =
      for message <- messages, do: %{kind: :holds, message: message, advice: "Advice: #{message}"}

    report(%Verdict{status: :fails, reasons: reasons}, 100)
  end

  defp report(verdict, factor) do
    %Report{
      idle: sample([60, 70, 80, 900], [], 0),
      elixir: sample([65, 75, 90, 1_200], [120, 130], 0),
      call: sample([65 * factor, 80 * factor, 1_340_000 * factor], [50, 70], factor),
      verdict: verdict,
      concurrency: 2,
      duration_ms: 1_000,
      rounds: 3,
      max_hold_ms: 1,
      max_p99_ratio: 3.0,
      schedulers: 2,
      dirty_cpu_schedulers: 2,
      dirty_io_schedulers: 10
    }
  end

  defp sample(answers, calls_by_caller, hold_ms) do
    histogram = Enum.reduce(answers, Histogram.new(), &Histogram.add(&2, &1))
    percentile = &Histogram.percentile(histogram, &1)
    calls = Enum.sum(calls_by_caller)

    %Sample{
      answers: Histogram.count(histogram),
      p50_us: percentile.(50),
      p90_us: percentile.(90),
      p99_us: percentile.(99),
      p999_us: percentile.(99.9),
      max_us: Histogram.max(histogram),
      histogram: histogram,
      p99_us_by_round: List.duplicate(percentile.(99), 3),
      calls: calls,
      calls_per_s: calls / 3,
      calls_by_caller: calls_by_caller,
      holds: if(hold_ms > 1, do: [hold_ms], else: []),
      hold_count: if(hold_ms > 1, do: 1, else: 0),
      longest_hold_ms: if(hold_ms > 1, do: hold_ms),
      hold_place: if(hold_ms > 1, do: {MyApp.Native, :thumbnail, 2}),
      run_queues: kinds(%{mean: 1.25, max: 4}),
      utilisation: kinds(0.5),
      reductions: 1_000,
      memory: %{before: 40_000_000, max: 52_340_000, after: 41_000_000},
      elapsed_ms: 3_000
    }
  end

  defp kinds(value), do: Map.new([:normal, :dirty_cpu, :dirty_io], &{&1, value})
end
