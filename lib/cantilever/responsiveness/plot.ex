defmodule Cantilever.Responsiveness.Plot do
  @moduledoc """
  Draws plots as SVG, with nothing but Elixir.

      iex> svg =
      ...>   Cantilever.Responsiveness.Plot.svg(
      ...>     title: "How long others wait",
      ...>     x: %{label: "callers", scale: :category},
      ...>     y: %{label: "p99 of an answer", scale: :log10, unit: :us},
      ...>     series: [
      ...>       %{name: "pure Elixir", style: :points, points: [{1, 210}, {4, 220}, {16, 640}]},
      ...>       %{name: "a dirty function", style: :points, points: [{1, 190}, {4, 3_700}, {16, 22_700}]}
      ...>     ],
      ...>     references: [%{name: "idle", y: 160}]
      ...>   )
      iex> svg |> IO.iodata_to_binary() |> String.starts_with?("<svg ")
      true

  The image is 800 pixels wide and about 400 high, readable on light and dark ground, and without colours too: series also differ by
  dashes and markers. It carries a title and a description for screen readers. The same input gives the same bytes.

  ## Options

    * `:title` - stands above the plot. Required.
    * `:description` - what screen readers are told. By default the axes and the values.
    * `:x`, `:y` - the axes, each a map or keyword list with `:label`, `:scale` and, if it is not a bare number, `:unit`, which is `:us`
      (microseconds, written as µs, ms or s) or `:bytes`. Required.
    * `:series` - a list of maps or keyword lists with `:name`, `:style` and `:points`, pairs of x and y. Required.
    * `:references` - values to compare with, as horizontal lines: a list of maps or keyword lists with `:name` and `:y`.

  | scale | for | values |
  |---|---|---|
  | `:linear` | both | numbers; the axis begins at 0 |
  | `:log10` | both | numbers from 0; what is 0 is drawn at the axis's beginning |
  | `:percentile` | x | percentages from 0 to below 100, with as much room from 90 to 99 as from 99 to 99.9 |
  | `:category` | x | strings, atoms or integers, in the order in which they come first; at most 24 |

  | style | draws |
  |---|---|
  | `:line` | a line through the points, in their order |
  | `:step` | a line that keeps its height up to the next point |
  | `:points` | markers; on an axis of categories, those of several series side by side |
  | `:bars` | bars from 0, side by side; on an axis of categories only |

  Wrong input raises `ArgumentError`, which names it.
  """

  alias Cantilever.Responsiveness.Plot.Axis
  alias Cantilever.Responsiveness.Plot.Chart
  alias Cantilever.Responsiveness.Plot.Drawing
  alias Cantilever.Responsiveness.Plot.Look

  # A description that lists more values than this is no help to anybody.
  @listed 60

  @doc "Draws one plot; the options are above."
  @spec svg(keyword | map) :: iodata
  def svg(options) do
    chart = Chart.new!(options)
    Drawing.document([chart], chart.title, description(chart))
  end

  @doc """
  Draws several plots below each other into one image, for measurements that share an axis x but no unit.

  `title` is what screen readers are told first; each plot shows its own.
  """
  @spec stack(String.t(), [keyword | map, ...]) :: iodata
  def stack(title, [_first | _others] = plots) when is_binary(title) do
    charts = Enum.map(plots, &Chart.new!/1)

    Drawing.document(
      charts,
      title,
      Enum.map_join(charts, " ", &"#{&1.title}. #{description(&1)}")
    )
  end

  # A page whose policy names the style sheets that it lets in has to know this one.
  @doc false
  @spec style() :: String.t()
  defdelegate style, to: Look

  defp description(%{description: text}) when is_binary(text), do: text

  defp description(chart) do
    count = chart.series |> Enum.map(&length(&1.points)) |> Enum.sum()
    series = Enum.map_join(chart.series, "; ", &series(&1, chart, count <= @listed))
    references = Enum.map_join(chart.references, "", &"; #{&1.name}: #{Axis.text(chart.y, &1.y)}")
    "#{chart.y.label} by #{chart.x.label}. #{series}#{references}."
  end

  defp series(%{points: []} = series, _chart, _listed?), do: "#{series.name}: no values"

  defp series(series, chart, true) do
    values =
      for {x, y} <- series.points, do: "#{Axis.text(chart.y, y)} at #{Axis.text(chart.x, x)}"

    "#{series.name}: #{Enum.join(values, ", ")}"
  end

  defp series(series, chart, false) do
    {least, most} = series.points |> Enum.map(&elem(&1, 1)) |> Enum.min_max()
    "#{series.name}: from #{Axis.text(chart.y, least)} to #{Axis.text(chart.y, most)}"
  end
end
