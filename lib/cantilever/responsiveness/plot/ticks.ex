defmodule Cantilever.Responsiveness.Plot.Ticks do
  @moduledoc false
  # The round numbers of an axis: 1, 2 and 5 times a power of ten.

  @type domain :: {from :: float, to :: float}

  # An axis of fewer decades has 1, 2 and 5 in each; one of more has the powers of ten alone.
  @fine_decades 4

  # A linear axis is cut into so many parts at most.
  @parts 8

  # A finger's breadth, so that a number that is round but for the last bit of its float counts as round.
  @slack 1.0e-9

  @doc "The part of a logarithmic axis that shows `lowest` to `highest`, ending at round numbers and at least a decade long."
  @spec log_domain(number, number) :: domain
  def log_domain(lowest, highest) do
    step = if highest / lowest > :math.pow(10, @fine_decades), do: 3, else: 1
    widen(floor_index(lowest, step), ceil_index(highest, step), step)
  end

  @doc "Sets of round numbers on a logarithmic axis, the densest first."
  @spec log(domain) :: [[float]]
  def log({from, to}) do
    indices = floor_index(from, 1)..ceil_index(to, 1)
    decades = Enum.filter(indices, &(Integer.mod(&1, 3) == 0))
    fine = if to / from > :math.pow(10, @fine_decades), do: [], else: [Enum.to_list(indices)]

    sets = fine ++ for every <- [1, 2, 3, 5, 10, 20, 50, 100], do: Enum.take_every(decades, every)

    for set <- sets, set != [], do: Enum.map(set, &round_number/1)
  end

  @doc "The part of a linear axis that shows zero, `lowest` and `highest`, ending at round numbers."
  @spec linear_domain(number, number) :: domain
  def linear_domain(lowest, highest) do
    {lowest, highest} = {min(lowest, 0), max(highest, 0)}
    step = step({lowest / 1, highest / 1}, @parts)
    from = Float.floor(lowest / step + @slack) * step
    to = Float.ceil(highest / step - @slack) * step
    if from == to, do: {0.0, 1.0}, else: {from, to}
  end

  @doc "Sets of round numbers on a linear axis, the densest first."
  @spec linear(domain) :: [[float]]
  def linear({from, to} = domain) do
    for wanted <- [@parts, 5, 3, 1] do
      step = step(domain, wanted)
      for n <- ceil(from / step - @slack)..floor(to / step + @slack)//1, do: n * step
    end
  end

  # The round number that cuts the domain into at most `wanted` parts.
  defp step({from, to}, _wanted) when from == to, do: 1.0
  defp step({from, to}, wanted), do: round_number(ceil_index((to - from) / wanted, 1))

  defp widen(low, high, step) do
    if round_number(high) / round_number(low) < 9,
      do: widen(low - step, high + step, step),
      else: {round_number(low), round_number(high)}
  end

  # Round numbers are counted: 0 is 1, 1 is 2, 2 is 5, 3 is 10, and so on in both directions.
  defp floor_index(value, step) do
    start = 3 * (trunc(:math.floor(:math.log10(value))) - 1)
    climb(start, step, &(round_number(&1 + step) <= value * (1 + @slack)))
  end

  defp ceil_index(value, step) do
    start = 3 * (trunc(:math.floor(:math.log10(value))) - 1)
    climb(start, step, &(round_number(&1) < value * (1 - @slack)))
  end

  defp climb(index, step, further?) do
    if further?.(index), do: climb(index + step, step, further?), else: index
  end

  # Powers above one are exact in a float, and so are their reciprocals as far as they can be.
  defp round_number(index) do
    mantissa = elem({1, 2, 5}, Integer.mod(index, 3))
    exponent = Integer.floor_div(index, 3)

    if exponent >= 0,
      do: mantissa * Integer.pow(10, exponent) / 1,
      else: mantissa / Integer.pow(10, -exponent)
  end
end
