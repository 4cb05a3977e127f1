defmodule Cantilever.Responsiveness.Plot.Layout do
  @moduledoc false
  # Where the parts of a chart stand, in pixels from its upper left corner. The field that holds the points keeps its height: titles,
  # legends and labels that take several lines make the chart higher.

  alias Cantilever.Responsiveness.Plot.Axis
  alias Cantilever.Responsiveness.Plot.Chart
  alias Cantilever.Responsiveness.Plot.Text

  @width 800
  @margin 16
  @font 13
  @title_font 16
  @field_height 270
  @line 18
  @swatch 34
  @gap 18

  # The highest marker that stands on the field's edge.
  @overhang 6

  @enforce_keys [
    :height,
    :title,
    :legend,
    :y_label,
    :x_label,
    :field,
    :x_ticks,
    :y_ticks,
    :dividers
  ]
  defstruct [:height, :title, :legend, :y_label, :x_label, :field, :x_ticks, :y_ticks, :dividers]

  @type label :: {x :: number, y :: number, String.t()}
  @type entry :: %{
          index: non_neg_integer,
          name: String.t(),
          kind: Chart.style() | :reference,
          x: number,
          y: number
        }
  @type field :: %{left: number, top: number, right: number, bottom: number}
  @type t :: %__MODULE__{
          height: number,
          title: [label],
          legend: [entry],
          y_label: label,
          x_label: label,
          field: field,
          x_ticks: [{x :: number, lines :: [String.t()]}],
          y_ticks: [{y :: number, String.t()}],
          dividers: [x :: number]
        }

  @doc "How wide every chart is."
  @spec width() :: pos_integer
  def width, do: @width

  @doc "How wide a legend's sample of a line is."
  @spec swatch() :: pos_integer
  def swatch, do: @swatch

  @doc "Lays a chart out."
  @spec new(Chart.t()) :: t
  def new(chart) do
    title = Text.wrap(chart.title, @title_font * 1.05, @width - 2 * @margin, 3)
    legend_top = @margin + length(title) * 22 + 6
    {legend, legend_bottom} = legend(chart, legend_top)

    y_label = legend_bottom + 14
    top = y_label + 16
    bottom = top + @field_height
    y_ticks = Axis.ticks(chart.y, @field_height, fn _text -> 20 end)

    left =
      @margin + (y_ticks |> Enum.map(fn {_at, text} -> Text.width(text, @font) end) |> Enum.max()) +
        10

    field = field(chart.x, Float.round(left / 1, 1), top, bottom)

    x_ticks = x_ticks(chart.x, field)
    label_lines = x_ticks |> Enum.map(fn {_x, lines} -> length(lines) end) |> Enum.max()
    x_label = bottom + 8 + label_lines * @line + 16

    %__MODULE__{
      height: x_label + @margin,
      title: for({line, n} <- Enum.with_index(title), do: {@margin, @margin + 14 + n * 22, line}),
      legend: legend,
      y_label: {@margin, y_label, Text.fit(chart.y.label, @font, @width - 2 * @margin)},
      x_label:
        {(field.left + field.right) / 2, x_label,
         Text.fit(chart.x.label, @font, field.right - field.left)},
      field: field,
      x_ticks: x_ticks,
      y_ticks: for({at, text} <- y_ticks, do: {y(field, at), text}),
      dividers: dividers(chart.x, field)
    }
  end

  @doc "The pixel of a position on the axis x."
  @spec x(field, float) :: float
  def x(field, at), do: field.left + at * (field.right - field.left)

  @doc "The pixel of a position on the axis y, which grows upwards."
  @spec y(field, float) :: float
  def y(field, at), do: field.bottom - at * (field.bottom - field.top)

  # Its right end leaves room for what the last label stands out beyond it.
  defp field(axis, left, top, bottom) do
    field = %{left: left, top: top, right: @width - @margin - @overhang, bottom: bottom}
    {at, text} = axis |> ticks(field) |> List.last()
    beyond = x(field, at) + Text.width(text, @font) / 2 - (@width - @margin)

    if axis.scale == :category or beyond <= 0,
      do: field,
      else: %{field | right: Float.round(field.right - beyond, 1)}
  end

  defp ticks(axis, field),
    do: Axis.ticks(axis, field.right - field.left, &(Text.width(&1, @font) + 12))

  defp x_ticks(axis, field) do
    length = field.right - field.left
    ticks = ticks(axis, field)

    for {at, text} <- ticks do
      lines =
        if axis.scale == :category,
          do: Text.wrap(text, @font, length / length(ticks) - 8, 3),
          else: [text]

      {x(field, at), lines}
    end
  end

  # Between the categories, whose points stand side by side.
  defp dividers(%{scale: :category, domain: names}, field) do
    count = length(names)
    for n <- 1..(count - 1)//1, do: x(field, n / count)
  end

  defp dividers(_axis, _field), do: []

  # From left to right, and on to the next line where one is full. A single series whose name is the title's business needs none.
  defp legend(%{series: [_one], references: []}, top), do: {[], top}

  defp legend(chart, top) do
    series =
      for {series, index} <- Enum.with_index(chart.series), do: {index, series.name, series.style}

    count = length(chart.series)

    references =
      for {reference, index} <- Enum.with_index(chart.references, count),
          do: {index, reference.name, :reference}

    {entries, {_x, y}} = Enum.map_reduce(series ++ references, {@margin, top}, &entry/2)
    {entries, y + @line + 10}
  end

  defp entry({index, name, kind}, {x, y}) do
    name = Text.fit(name, @font, @width - 2 * @margin - @swatch)
    needed = @swatch + Text.width(name, @font)

    {x, y} =
      if x > @margin and x + needed > @width - @margin, do: {@margin, y + @line + 2}, else: {x, y}

    {%{index: index, name: name, kind: kind, x: x, y: y + 10}, {x + needed + @gap, y}}
  end
end
