defmodule Cantilever.Responsiveness.Plot.Marks do
  @moduledoc false
  # Draws what a chart shows: lines, steps, markers and bars, and their samples in the legend.

  alias Cantilever.Responsiveness.Markup
  alias Cantilever.Responsiveness.Plot.Axis
  alias Cantilever.Responsiveness.Plot.Chart
  alias Cantilever.Responsiveness.Plot.Layout
  alias Cantilever.Responsiveness.Plot.Look
  alias Cantilever.Responsiveness.Plot.Pixel

  # A line of more points than this has markers on some of them only, so many pixels apart.
  @all_marked 40
  @marker_gap 75

  # The share of a category's room that its points and bars fill.
  @filled 0.72

  @doc "One series, with the index that gives it its look."
  @spec series({Chart.series(), non_neg_integer}, Chart.t(), Layout.t()) :: iodata
  def series({series, index}, chart, layout) do
    look = Look.of(index)
    points = for {x, y} <- series.points, do: place(x, y, series, index, chart, layout)

    [
      ~s(<g class="#{look.class}">\n),
      drawn(series.style, points, look, index, chart, layout),
      "</g>\n"
    ]
  end

  @doc "A horizontal line for a value to compare with."
  @spec reference({Chart.comparison(), non_neg_integer}, Chart.t(), Layout.t()) :: iodata
  def reference({reference, index}, chart, layout) do
    look = Look.of(index)
    y = Layout.y(layout.field, Axis.position(chart.y, reference.y))
    d = ["M", Pixel.pair(layout.field.left, y), "H", Pixel.text(layout.field.right)]
    [~s(<g class="#{look.class}">\n), path(d, look), "</g>\n"]
  end

  @doc "The sample of a series or a reference in the legend, the middle of its left end at `x` and `y`."
  @spec sample(Chart.style() | :reference, Look.t(), number, number) :: iodata
  def sample(kind, look, x, y) do
    line = path(["M", Pixel.pair(x, y), "h26"], look)
    marker = marker(look, x + 13, y, nil)

    drawn =
      case kind do
        :reference -> line
        :points -> marker
        :bars -> bar(x + 6, y - 6, 14, 12, nil)
        _line_or_step -> [line, marker]
      end

    [~s(<g class="#{look.class}">\n), drawn, "</g>\n"]
  end

  defp place(x, y, series, index, chart, layout) do
    beside = if series.style in [:points, :bars], do: beside(index, chart, layout), else: 0

    %{
      x: Layout.x(layout.field, Axis.position(chart.x, x)) + beside,
      y: Layout.y(layout.field, Axis.position(chart.y, y)),
      text: "#{series.name}: #{Axis.text(chart.x, x)}, #{Axis.text(chart.y, y)}"
    }
  end

  # Series that share a category stand side by side in it.
  defp beside(index, chart, layout) do
    (index - (length(chart.series) - 1) / 2) * slot(chart, layout)
  end

  defp slot(%{x: %{scale: :category, domain: names}} = chart, %{field: field}) do
    (field.right - field.left) / length(names) * @filled / length(chart.series)
  end

  defp slot(_chart, _layout), do: 0

  defp drawn(:bars, points, _look, _index, chart, layout) do
    base = Layout.y(layout.field, Axis.base(chart.y))
    width = slot(chart, layout) * 0.9

    for point <- points do
      {top, bottom} = Enum.min_max([point.y, base])
      bar(point.x - width / 2, top, width, bottom - top, point.text)
    end
  end

  defp drawn(:points, points, look, _index, _chart, _layout),
    do: Enum.map(points, &marker(look, &1))

  defp drawn(style, points, look, index, _chart, _layout),
    do: [
      path(outline(style, points), look),
      points |> marked(index) |> Enum.map(&marker(look, &1))
    ]

  defp outline(_style, []), do: []

  defp outline(:line, points),
    do: ["M", points |> Enum.map(&Pixel.pair(&1.x, &1.y)) |> Enum.intersperse("L")]

  defp outline(:step, [first | points]) do
    [
      "M",
      Pixel.pair(first.x, first.y),
      Enum.map(points, &["H", Pixel.text(&1.x), "V", Pixel.text(&1.y)])
    ]
  end

  # Each series begins at another place, so that the markers of curves that run together do not cover each other.
  defp marked(points, _index) when length(points) <= @all_marked, do: points

  defp marked([first | _points] = points, index) do
    start = first.x + rem(index, 3) * @marker_gap / 3

    {marked, _next} =
      Enum.flat_map_reduce(points, start, fn point, next ->
        if point.x >= next, do: {[point], point.x + @marker_gap}, else: {[], next}
      end)

    marked
  end

  defp path([], _look), do: []

  defp path(d, look) do
    dash = if look.dash, do: ~s( stroke-dasharray="#{look.dash}"), else: ""

    [
      ~s(<path fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"),
      dash,
      ~s( d="),
      d,
      ~s("/>\n)
    ]
  end

  defp marker(look, point), do: marker(look, point.x, point.y, point.text)

  defp marker(look, x, y, text) do
    [
      ~s(<path fill="currentColor" stroke="currentColor" stroke-width="1.5" transform="translate\(),
      [Pixel.pair(x, y), ~s[)" d="#{look.marker}"], closed("path", text)]
    ]
  end

  defp bar(x, y, width, height, text) do
    [
      [~s(<rect fill="currentColor" x="), Pixel.text(x), ~s(" y="), Pixel.text(y)],
      [
        ~s(" width="),
        Pixel.text(width),
        ~s(" height="),
        Pixel.text(height),
        ~s("),
        closed("rect", text)
      ]
    ]
  end

  # What a browser shows when the pointer rests there.
  defp closed(_tag, nil), do: "/>\n"
  defp closed(tag, text), do: ["><title>", Markup.escape(text), "</title></#{tag}>\n"]
end
