defmodule Cantilever.Responsiveness.Plot.Axis do
  @moduledoc false
  # An axis: which part of its scale it shows, where on it a value lies, and which values have a label.

  alias Cantilever.Responsiveness.Plot.Ticks
  alias Cantilever.Units

  @enforce_keys [:label, :scale, :unit, :domain]
  defstruct [:label, :scale, :unit, :domain]

  @type scale :: :log10 | :linear | :percentile | :category
  @type unit :: nil | :us | :bytes
  @type t :: %__MODULE__{
          label: String.t(),
          scale: scale,
          unit: unit,
          domain: Ticks.domain() | [String.t(), ...]
        }

  @nines [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999, 99.999999, 99.9999999]

  @doc "An axis on which all of `values` have a place."
  @spec new(%{label: String.t(), scale: scale, unit: unit}, [number] | [String.t()]) :: t
  def new(spec, values) do
    %__MODULE__{
      label: spec.label,
      scale: spec.scale,
      unit: spec.unit,
      domain: domain(spec.scale, values)
    }
  end

  @doc "Where `value` lies, from 0.0 at the axis's beginning to 1.0 at its end."
  @spec position(t, number | String.t()) :: float
  def position(%{scale: :category, domain: names}, value) do
    (Enum.find_index(names, &(&1 == value)) + 0.5) / length(names)
  end

  def position(%{scale: scale, domain: {from, to}}, value) do
    start = transform(scale, from)
    place = (transform(scale, max(value, from)) - start) / (transform(scale, to) - start)
    place |> max(0.0) |> min(1.0)
  end

  @doc "Where a bar stands: at zero, or at the axis's beginning where there is no zero."
  @spec base(t) :: float
  def base(%{scale: :linear} = axis), do: position(axis, 0)
  def base(_axis), do: 0.0

  @doc """
  The values that get a label, with it, as many as have room: `extent` tells how many pixels a label takes up along the axis, which is
  `length` pixels long.
  """
  @spec ticks(t, number, (String.t() -> number)) :: [{float, String.t()}]
  def ticks(%{scale: :category, domain: names} = axis, _length, _extent),
    do: for(name <- names, do: {position(axis, name), name})

  def ticks(axis, length, extent) do
    sets =
      for set <- sets(axis), do: for(value <- set, shown?(axis, value), do: tick(axis, value))

    Enum.find(sets, &roomy?(&1, length, extent)) || Enum.take(List.last(sets), 1)
  end

  @doc "A value as the axis writes it."
  @spec text(t, number | String.t()) :: String.t()
  def text(%{scale: :category}, value), do: value
  def text(%{scale: :percentile}, value), do: Units.percent(value)
  def text(%{unit: :us}, value), do: Units.duration(value)
  def text(%{unit: :bytes}, value), do: Units.bytes(value)
  def text(%{unit: nil}, value), do: Units.count(value)

  defp domain(:category, values), do: Enum.uniq(values)
  defp domain(:percentile, values), do: {0.0, max(Enum.max(values), 99.9) / 1}

  defp domain(:linear, values),
    do: values |> Enum.min_max() |> then(fn {a, b} -> Ticks.linear_domain(a, b) end)

  defp domain(:log10, values) do
    case Enum.filter(values, &(&1 > 0)) do
      [] -> {1.0, 10.0}
      above -> above |> Enum.min_max() |> then(fn {a, b} -> Ticks.log_domain(a, b) end)
    end
  end

  defp transform(:linear, value), do: value / 1
  defp transform(:log10, value), do: :math.log10(value)
  defp transform(:percentile, value), do: -:math.log10(1 - value / 100)

  defp sets(%{scale: :log10, domain: domain}), do: Ticks.log(domain)
  defp sets(%{scale: :linear, domain: domain}), do: Ticks.linear(domain)
  defp sets(%{scale: :percentile}), do: for(every <- 1..4, do: Enum.take_every(@nines, every))

  # A domain's end may be less than a rounding error away from its last round number.
  defp shown?(%{domain: {from, to}}, value) do
    slack = (to - from) * 1.0e-9
    value >= from - slack and value <= to + slack
  end

  defp tick(axis, value), do: {position(axis, value), text(axis, value)}

  defp roomy?([], _length, _extent), do: false

  defp roomy?(ticks, length, extent) do
    ticks
    |> Enum.chunk_every(2, 1, :discard)
    |> Enum.all?(fn [{a, text_a}, {b, text_b}] ->
      (b - a) * length >= (extent.(text_a) + extent.(text_b)) / 2
    end)
  end
end
