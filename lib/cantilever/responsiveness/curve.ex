defmodule Cantilever.Responsiveness.Curve do
  @moduledoc false
  # The plot of a report: how many of the answers came within which time, beside an idle node, pure Elixir and the call.

  alias Cantilever.Responsiveness.Histogram
  alias Cantilever.Responsiveness.Plot
  alias Cantilever.Responsiveness.Report
  alias Cantilever.Responsiveness.Table
  alias Cantilever.Units

  # The longest wait is at 100 %, which has no place on a scale of nines.
  @end_percent 99.9999999

  @doc "The plot as SVG."
  @spec svg(Report.t()) :: iodata
  def svg(report) do
    samples = Enum.zip(Table.columns(), [report.idle, report.elixir, report.call])

    Plot.svg(
      title: "The time to an answer, from the quickest to the slowest",
      description:
        "The share of answers by the time within which they came. #{Enum.map_join(samples, " ", &summary/1)}",
      x: %{label: "share of the answers", scale: :percentile},
      y: %{label: "came within", scale: :log10, unit: :us},
      series:
        for(
          {name, sample} <- samples,
          do: %{name: name, style: :step, points: points(sample.histogram)}
        )
    )
  end

  @doc "The corners of the curve: where each share begins, and the microseconds within which it was answered."
  @spec points(Histogram.t()) :: [{percent :: float, us :: non_neg_integer}]
  def points(histogram) do
    buckets = Histogram.buckets(histogram)
    count = buckets |> Enum.map(&elem(&1, 1)) |> Enum.sum()

    {corners, _answered} =
      Enum.map_reduce(buckets, 0, fn {up_to, here}, answered ->
        {{100 * answered / count, up_to}, answered + here}
      end)

    corners ++ last(buckets, count)
  end

  # The curve ends where half an answer more would be.
  defp last([], _count), do: []

  defp last(buckets, count) do
    {longest, _here} = List.last(buckets)
    [{min(100 - 50 / count, @end_percent), longest}]
  end

  defp summary({name, sample}) do
    figures = [{"p50", sample.p50_us}, {"p99", sample.p99_us}, {"longest", sample.max_us}]

    "#{name}: #{Enum.map_join(figures, ", ", fn {label, us} -> "#{label} #{Units.duration(us)}" end)}."
  end
end
