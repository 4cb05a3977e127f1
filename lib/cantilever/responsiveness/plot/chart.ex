defmodule Cantilever.Responsiveness.Plot.Chart do
  @moduledoc false
  # What a plot shows, checked once: whoever draws it trusts it.

  alias Cantilever.Responsiveness.Plot.Axis

  @enforce_keys [:title, :x, :y, :series]
  defstruct [:title, :description, :x, :y, :series, references: []]

  @type point :: {number | String.t(), number}
  @type style :: :line | :step | :points | :bars
  @type series :: %{name: String.t(), points: [point], style: style}
  @type comparison :: %{name: String.t(), y: number}
  @type t :: %__MODULE__{
          title: String.t(),
          description: String.t() | nil,
          x: Axis.t(),
          y: Axis.t(),
          series: [series, ...],
          references: [comparison]
        }

  @keys [:title, :description, :x, :y, :series, :references]
  @axis_keys [:label, :scale, :unit]
  @series_keys [:name, :points, :style]
  @reference_keys [:name, :y]
  @scales [:log10, :linear, :percentile, :category]
  @units [nil, :us, :bytes]
  @styles [:line, :step, :points, :bars]

  # Within these, no sum, difference or power of ten of an axis leaves the range of floats.
  @largest 1.0e100
  @smallest 1.0e-100
  @most_nines 99.9999999
  @most_categories 24

  @doc "Reads the options, or raises `ArgumentError` that names the wrong one."
  @spec new!(keyword | map) :: t
  def new!(options) do
    options = fields!(options, "a plot", @keys, [:title, :x, :y, :series])
    x = axis!(options.x, :x)
    y = axis!(options.y, :y)

    series =
      options.series |> list!(:series) |> Enum.with_index(1) |> Enum.map(&series!(&1, x, y))

    references =
      options |> Map.get(:references, []) |> list!(:references) |> Enum.map(&reference!(&1, y))

    points = Enum.flat_map(series, & &1.points)
    ys = Enum.map(points, &elem(&1, 1)) ++ Enum.map(references, & &1.y)

    if points == [], do: invalid!("a plot needs at least one point")

    %__MODULE__{
      title: text!(options.title, "the :title of a plot"),
      description:
        options[:description] && text!(options.description, "the :description of a plot"),
      x: Axis.new(x, points |> Enum.map(&elem(&1, 0)) |> few!(x)),
      y: Axis.new(y, ys),
      series: series,
      references: references
    }
  end

  defp axis!(axis, name) do
    axis = fields!(axis, "the axis #{inspect(name)}", @axis_keys, [:label, :scale])
    _ = text!(axis.label, "the :label of the axis #{inspect(name)}")
    scales = if name == :y, do: [:log10, :linear], else: @scales
    one_of!(axis.scale, scales, "the :scale of the axis #{inspect(name)}")
    one_of!(axis[:unit], @units, "the :unit of the axis #{inspect(name)}")
    Map.put_new(axis, :unit, nil)
  end

  defp series!({series, number}, x, y) do
    series = fields!(series, "series #{number}", @series_keys, [:name, :points, :style])
    whose = "series #{number} (#{inspect(text!(series.name, "the :name of series #{number}"))})"
    one_of!(series.style, @styles, "the :style of #{whose}")

    if series.style == :bars and x.scale != :category do
      invalid!("#{whose} is drawn as :bars, which need an axis :x of the scale :category")
    end

    points =
      series.points |> list!("the :points of #{whose}") |> Enum.map(&point!(&1, x, y, whose))

    %{series | points: points}
  end

  defp point!({at, value}, x, y, whose),
    do: {coordinate!(at, x.scale, "x", whose), coordinate!(value, y.scale, "y", whose)}

  defp point!(other, _x, _y, whose),
    do: invalid!("a point of #{whose} must be a pair {x, y}, got: #{inspect(other)}")

  defp reference!(reference, y) do
    reference = fields!(reference, "a reference", @reference_keys, @reference_keys)
    _ = text!(reference.name, "the :name of a reference")

    %{
      reference
      | y: coordinate!(reference.y, y.scale, "y", "the reference #{inspect(reference.name)}")
    }
  end

  defp coordinate!(name, :category, _which, _whose)
       when (is_atom(name) and name != nil) or is_integer(name),
       do: to_string(name)

  defp coordinate!(name, :category, which, whose), do: text!(name, "the #{which} of #{whose}")

  defp coordinate!(value, scale, which, whose) do
    cond do
      not is_number(value) ->
        invalid!("the #{which} of #{whose} must be a number, got: #{inspect(value)}")

      allowed?(scale, value) ->
        value

      true ->
        invalid!("the #{which} of #{whose} must be #{range(scale)}, got: #{inspect(value)}")
    end
  end

  defp allowed?(:percentile, value), do: value >= 0 and value <= @most_nines
  defp allowed?(:log10, value), do: value == 0 or (value >= @smallest and value <= @largest)

  defp allowed?(:linear, value),
    do: value == 0 or (abs(value) >= @smallest and abs(value) <= @largest)

  defp range(:percentile), do: "a percentage from 0 to #{@most_nines}"
  defp range(:log10), do: "0 or from #{@smallest} to #{@largest} on a logarithmic axis"
  defp range(:linear), do: "0 or from #{@smallest} to #{@largest}, or the negative of that"

  defp few!(values, %{scale: :category}) do
    count = values |> Enum.uniq() |> length()

    if count > @most_categories,
      do: invalid!("an axis has room for #{@most_categories} categories, got: #{count}")

    values
  end

  defp few!(values, _axis), do: values

  defp fields!(given, whose, known, required) do
    given = if Keyword.keyword?(given), do: Map.new(given), else: given

    unless is_map(given),
      do: invalid!("#{whose} must be a map or a keyword list, got: #{inspect(given)}")

    case Map.keys(given) -- known do
      [] ->
        :ok

      [key | _keys] ->
        invalid!("unknown option #{inspect(key)} for #{whose}; the options are #{names(known)}")
    end

    case required -- Map.keys(given) do
      [] -> given
      missing -> invalid!("#{whose} lacks #{names(missing)}")
    end
  end

  defp list!(list, _what) when is_list(list), do: list

  defp list!(other, what),
    do: invalid!("#{describe(what)} must be a list, got: #{inspect(other)}")

  defp describe(what) when is_atom(what), do: "the #{inspect(what)} of a plot"
  defp describe(what), do: what

  defp text!(text, what) do
    if is_binary(text) and String.valid?(text),
      do: text,
      else: invalid!("#{what} must be a string in UTF-8, got: #{inspect(text)}")
  end

  defp one_of!(value, values, what) do
    unless value in values,
      do: invalid!("#{what} must be one of #{names(values)}, got: #{inspect(value)}")
  end

  defp names(values), do: Enum.map_join(values, ", ", &inspect/1)

  @spec invalid!(String.t()) :: no_return
  defp invalid!(message), do: raise(ArgumentError, message)
end
