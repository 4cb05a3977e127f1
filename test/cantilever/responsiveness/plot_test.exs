defmodule Cantilever.Responsiveness.PlotTest do
  use ExUnit.Case, async: true

  doctest Cantilever.Responsiveness.Plot

  alias Cantilever.Responsiveness.Plot
  alias Cantilever.XML

  @hostile ~s(</text><script>alert\(1\)</script>" onload='x' & ]]> é 数)

  defp options(given \\ []) do
    Keyword.merge(
      [
        title: "a title",
        x: %{label: "x", scale: :linear},
        y: %{label: "y", scale: :log10, unit: :us},
        series: [%{name: "a", style: :line, points: [{1, 10}, {2, 1_000}]}]
      ],
      given
    )
  end

  defp elements(options), do: options |> Plot.svg() |> XML.elements!()
  defp texts(elements), do: for(%{name: :text, text: text} <- elements, do: text)

  # Every coordinate that marks are drawn at. Relative ones, of markers' shapes, stay within 5 pixels of theirs.
  defp coordinates(elements) do
    elements
    |> Enum.flat_map(fn
      %{name: :path, attributes: %{transform: "translate(" <> place}} ->
        [numbers(place)]

      %{name: :path, attributes: %{d: d}} ->
        # A step goes across, then up or down.
        d
        |> String.replace(~r/H([\d.-]+)V/, "L\\1 ")
        |> String.split(["M", "L"], trim: true)
        |> Enum.map(&numbers/1)

      %{name: :rect, attributes: %{x: x, y: y, width: w, height: h}} ->
        bar(Enum.map([x, y, w, h], &hd(numbers(&1))))

      _other ->
        []
    end)
    |> Enum.filter(&match?([_x, _y], &1))
  end

  defp bar([x, y, width, height]), do: [[x, y], [x + width, y + height]]

  defp numbers(text),
    do:
      for(
        [number] <- Regex.scan(~r/-?\d+(?:\.\d+)?/, text),
        do: number |> Float.parse() |> elem(0)
      )

  defp random(:category, index), do: "category #{rem(index, 24)}"
  defp random(:percentile, _index), do: Enum.random([0, 100 * (1 - :rand.uniform()), 99.99999])

  defp random(:log10, _index),
    do: Enum.random([0, 5, :math.pow(10, Enum.random(-99..99) + :rand.uniform())])

  defp random(:linear, index), do: Enum.random([-1, 1]) * random(:log10, index)

  defp viewport(elements) do
    [_zero, _also, width, height] = numbers(hd(elements).attributes.viewBox)
    {width, height}
  end

  describe "svg/1" do
    test "is about 800 pixels by 400 and says to screen readers what it is" do
      [svg | elements] = elements(options())

      assert %{name: :svg, attributes: %{role: "img", width: "800", height: height} = attributes} =
               svg

      assert String.to_integer(height) in 350..450

      named = Map.new(elements, &{&1.attributes[:id], &1})
      assert named[attributes[:"aria-labelledby"]].text == "a title"
      assert named[attributes[:"aria-describedby"]].text == "y by x. a: 10 µs at 1, 1 ms at 2."
    end

    test "takes a description instead of the values" do
      svg = IO.iodata_to_binary(Plot.svg(options(description: "in short")))
      assert svg =~ ~r{<desc id="[^"]+">in short</desc>}
    end

    test "gives the same bytes for the same input, and another id for another" do
      assert IO.iodata_to_binary(Plot.svg(options())) == IO.iodata_to_binary(Plot.svg(options()))

      ids =
        for title <- ["a", "b"],
            do: hd(elements(options(title: title))).attributes[:"aria-labelledby"]

      assert length(Enum.uniq(ids)) == 2
    end

    test "labels its axes in human units" do
      texts = texts(elements(options()))
      for label <- ["10 µs", "100 µs", "1 ms", "0", "2", "x", "y"], do: assert(label in texts)
    end

    test "names several series in a legend, and references" do
      two = for name <- ["first", "second"], do: %{name: name, style: :points, points: [{1, 1}]}
      texts = texts(elements(options(series: two, references: [%{name: "idle", y: 5}])))
      for label <- ["first", "second", "idle"], do: assert(label in texts)
      refute "a" in texts(elements(options()))
    end

    test "tells series apart by more than their colour" do
      many = for n <- 1..9, do: %{name: "series #{n}", style: :line, points: [{1, n}, {2, n}]}
      elements = elements(options(series: many))

      looks =
        for %{name: :path, attributes: %{transform: _place, d: shape}} <- elements,
            uniq: true,
            do: shape

      dashes =
        for %{name: :path, attributes: a} <- elements, uniq: true, do: a[:"stroke-dasharray"]

      assert length(looks) == 8
      assert length(dashes) == 5
    end

    test "has its own colours for a dark ground, and styles nothing outside of itself" do
      svg = IO.iodata_to_binary(Plot.svg(options()))
      [style] = Regex.run(~r{<style>(.*)</style>}s, svg, capture: :all_but_first)
      assert style =~ "@media (prefers-color-scheme: dark)"

      for line <- String.split(style, "\n", trim: true), line =~ "{", not (line =~ "@media") do
        assert String.starts_with?(line, ".cantilever-plot")
      end
    end

    test "escapes every text" do
      elements =
        elements(
          title: @hostile,
          x: %{label: @hostile, scale: :category},
          y: %{label: @hostile, scale: :linear},
          series: [
            %{name: @hostile, style: :points, points: [{@hostile, 1}]},
            %{name: "b", style: :bars, points: [{@hostile, 1}]}
          ],
          references: [%{name: @hostile, y: 1}]
        )

      refute Enum.any?(elements, &(&1.name == :script))
      assert Enum.all?(elements, &(not is_map_key(&1.attributes, :onload)))
      assert Enum.find(elements, &(&1.name == :title)).text == @hostile
    end

    test "keeps what is drawn within the viewport, whatever the values are" do
      :rand.seed(:exsss, {7, 8, 9})

      for _run <- 1..150 do
        x_scale = Enum.random([:linear, :log10, :percentile, :category])
        y_scale = Enum.random([:linear, :log10])

        styles =
          if x_scale == :category, do: [:points, :bars, :line], else: [:line, :step, :points]

        series =
          for n <- 1..Enum.random(1..5) do
            points =
              for i <- 0..Enum.random([0, 1, 3, 100]),
                  do: {random(x_scale, i), random(y_scale, i)}

            %{name: "series #{n}", style: Enum.random(styles), points: points}
          end

        elements =
          elements(
            options(
              x: [label: "x", scale: x_scale],
              y: [label: "y", scale: y_scale],
              series: series
            )
          )

        {width, height} = viewport(elements)
        places = coordinates(elements)
        assert length(places) >= series |> Enum.map(&length(&1.points)) |> Enum.min()
        for [x, y] <- places, do: assert(x >= 0 and x <= width and y >= 0 and y <= height)
      end
    end

    test "places equal values, zeros, a single point and huge ranges" do
      for scale <- [:linear, :log10],
          values <- [
            [0],
            [5],
            [5, 5, 5],
            [0, 0],
            [0, 3],
            [1.0e-100, 1.0e100],
            [1.0e100],
            [1.0e-100],
            [0.1, 0.3]
          ] do
        points = Enum.with_index(values, fn value, index -> {index, value} end)
        series = [%{name: "a", style: :points, points: points}]
        elements = elements(options(y: %{label: "y", scale: scale}, series: series))

        markers =
          for %{name: :path, attributes: %{transform: place}} <- elements, do: numbers(place)

        assert length(markers) == length(values)
        for [x, y] <- markers, do: assert(x >= 0 and x <= 800 and y >= 0 and y <= 450)
      end
    end

    test "places values by their scale" do
      at = fn scale, value ->
        series = [%{name: "a", style: :points, points: [{0, 1}, {0, 100}, {0, value}]}]
        elements = elements(options(y: %{label: "y", scale: scale}, series: series))

        [one, hundred, there] =
          for %{name: :path, attributes: %{transform: "translate(" <> place}} <- elements,
              do: Enum.at(numbers(place), 1)

        (one - there) / (one - hundred)
      end

      assert_in_delta at.(:log10, 10), 0.5, 0.001
      assert_in_delta at.(:linear, 50.5), 0.5, 0.001
      assert at.(:log10, 0) == 0.0
    end

    test "shortens what does not fit, and breaks titles and the names of categories" do
      long = String.duplicate("Wwwww ", 60)

      elements =
        elements(
          title: long,
          x: %{label: long, scale: :category},
          y: %{label: long, scale: :linear},
          series:
            for(
              n <- 1..3,
              do: %{name: "#{n} #{long}", style: :points, points: [{long, n}, {"short", n}]}
            )
        )

      texts = texts(elements)
      assert Enum.count(texts, &String.ends_with?(&1, "…")) >= 6
      for text <- texts, do: assert(Plot.Text.width(text, 13) <= 800)
    end

    test "refuses wrong input, and names it" do
      axis = %{label: "y", scale: :log10}
      series = %{name: "a", style: :line, points: [{1, 1}]}

      for {given, message} <- [
            {[colour: "red"], "unknown option :colour for a plot; the options are :title,"},
            {[title: nil], "the :title of a plot must be a string in UTF-8, got: nil"},
            {[title: <<255>>], "the :title of a plot must be a string in UTF-8, got: <<255>>"},
            {[y: %{axis | scale: :percentile}],
             "the :scale of the axis :y must be one of :log10, :linear, got: :percentile"},
            {[y: Map.put(axis, :unit, :hours)],
             "the :unit of the axis :y must be one of nil, :us, :bytes, got: :hours"},
            {[y: %{label: "y"}], "the axis :y lacks :scale"},
            {[x: 1], "the axis :x must be a map or a keyword list, got: 1"},
            {[series: []], "a plot needs at least one point"},
            {[series: 1], "the :series of a plot must be a list, got: 1"},
            {[series: [%{series | style: :pie}]],
             ~s[the :style of series 1 ("a") must be one of :line, :step, :points, :bars, got: :pie]},
            {[series: [%{series | style: :bars}]],
             ~s[series 1 ("a") is drawn as :bars, which need an axis :x of the scale :category]},
            {[series: [series, %{series | points: [{1, -1}]}]],
             ~s[the y of series 2 ("a") must be 0 or from 1.0e-100 to 1.0e100 on a logarithmic axis, got: -1]},
            {[series: [%{series | points: [{1, "1"}]}]],
             ~s[the y of series 1 ("a") must be a number, got: "1"]},
            {[series: [%{series | points: [5]}]],
             ~s[a point of series 1 ("a") must be a pair {x, y}, got: 5]},
            {[x: %{label: "x", scale: :percentile}, series: [%{series | points: [{100, 1}]}]],
             ~s[the x of series 1 ("a") must be a percentage from 0 to 99.9999999, got: 100]},
            {[
               x: %{label: "x", scale: :category},
               series: [%{series | points: Enum.map(1..25, &{&1, 1})}]
             ], "an axis has room for 24 categories, got: 25"},
            {[references: [%{name: "idle", y: -1}]],
             ~s[the y of the reference "idle" must be 0 or]}
          ] do
        error = assert_raise ArgumentError, fn -> Plot.svg(options(given)) end
        assert error.message =~ message
      end
    end
  end

  describe "stack/2" do
    test "draws plots below each other under one title" do
      [svg | elements] =
        XML.elements!(Plot.stack("both", [options(title: "upper"), options(title: "lower")]))

      assert String.to_integer(svg.attributes.height) in 700..900
      assert Enum.find(elements, &(&1.name == :title)).text == "both"
      for title <- ["upper", "lower"], do: assert(title in texts(elements))
      assert Enum.count(elements, &(&1.name == :style)) == 1
    end
  end
end
