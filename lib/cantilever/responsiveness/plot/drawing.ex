defmodule Cantilever.Responsiveness.Plot.Drawing do
  @moduledoc false
  # Writes charts as SVG. Nothing goes in but the charts, so the same charts give the same bytes.

  alias Cantilever.Responsiveness.Markup
  alias Cantilever.Responsiveness.Plot.Chart
  alias Cantilever.Responsiveness.Plot.Layout
  alias Cantilever.Responsiveness.Plot.Look
  alias Cantilever.Responsiveness.Plot.Marks
  alias Cantilever.Responsiveness.Plot.Pixel

  @doc "A document with the charts below each other."
  @spec document([Chart.t(), ...], String.t(), String.t()) :: iodata
  def document(charts, title, description) do
    {drawn, height} = Enum.map_reduce(charts, 0, &placed/2)
    size = [Integer.to_string(Layout.width()), Pixel.text(height)]

    # Several plots may stand in one page, where ids must differ.
    id = "plot-#{:erlang.phash2({title, description, charts})}"

    [
      ~s(<svg xmlns="http://www.w3.org/2000/svg" class="cantilever-plot" role="img" ),
      ~s(aria-labelledby="#{id}-title" aria-describedby="#{id}-desc" ),
      [~s(width="), Enum.at(size, 0), ~s(" height="), Enum.at(size, 1)],
      [~s(" viewBox="0 0 ), Enum.intersperse(size, " "), ~s(">\n)],
      [~s(<title id="#{id}-title">), Markup.escape(title), "</title>\n"],
      [~s(<desc id="#{id}-desc">), Markup.escape(description), "</desc>\n"],
      ["<style>", Look.style(), "</style>\n"],
      ~s(<rect class="ground" width="100%" height="100%"/>\n),
      drawn,
      "</svg>\n"
    ]
  end

  defp placed(chart, top) do
    layout = Layout.new(chart)

    {[~s[<g transform="translate(0 ], Pixel.text(top), ~s[)">\n], chart(chart, layout), "</g>\n"],
     top + layout.height}
  end

  defp chart(chart, layout) do
    [
      for(
        {x, y, line} <- layout.title,
        do: text(line, x, y, "text", ~s( font-size="16" font-weight="600"))
      ),
      grid(layout),
      Enum.map(
        Enum.with_index(chart.references, length(chart.series)),
        &Marks.reference(&1, chart, layout)
      ),
      Enum.map(Enum.with_index(chart.series), &Marks.series(&1, chart, layout)),
      Enum.map(layout.legend, &legend/1)
    ]
  end

  defp grid(%{field: field} = layout) do
    {x_label, x_label_y, x_text} = layout.x_label
    {y_label, y_label_y, y_text} = layout.y_label

    [
      for({y, _label} <- layout.y_ticks, do: line("grid", {field.left, y}, {field.right, y})),
      for(
        {x, _lines} <- layout.x_ticks,
        do: line("axis", {x, field.bottom}, {x, field.bottom + 5})
      ),
      line("axis", {field.left, field.bottom}, {field.right, field.bottom}),
      for(x <- layout.dividers, do: line("grid", {x, field.top}, {x, field.bottom})),
      for(
        {y, label} <- layout.y_ticks,
        do: text(label, field.left - 8, y + 4.5, "faint", ~s( text-anchor="end"))
      ),
      for {x, lines} <- layout.x_ticks, {label, n} <- Enum.with_index(lines) do
        text(label, x, field.bottom + 20 + n * 17, "faint", ~s( text-anchor="middle"))
      end,
      text(x_text, x_label, x_label_y, "text", ~s( text-anchor="middle")),
      text(y_text, y_label, y_label_y, "text", "")
    ]
  end

  defp legend(%{x: x, y: y} = entry) do
    [
      Marks.sample(entry.kind, Look.of(entry.index), x, y),
      text(entry.name, x + Layout.swatch(), y + 4.5, "text", "")
    ]
  end

  defp line(class, {x1, y1}, {x2, y2}) do
    [~s(<path class="#{class}" d="M), Pixel.pair(x1, y1), "L", Pixel.pair(x2, y2), ~s("/>\n)]
  end

  defp text(content, x, y, class, attributes) do
    [
      ~s(<text class="#{class}" x="),
      Pixel.text(x),
      ~s(" y="),
      Pixel.text(y),
      ~s("),
      attributes,
      ">"
    ] ++
      [Markup.escape(content), "</text>\n"]
  end
end
