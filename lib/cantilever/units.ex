defmodule Cantilever.Units do
  @moduledoc false
  # Figures in the units that people read: three significant digits, and the prefix that needs the fewest zeros. Pure, for all that
  # shows figures.

  @durations [{1.0e6, "s"}, {1.0e3, "ms"}, {1.0, "µs"}, {1.0e-3, "ns"}]
  @bytes [{1.0e12, "TB"}, {1.0e9, "GB"}, {1.0e6, "MB"}, {1.0e3, "kB"}, {1.0, "B"}]
  @counts [{1.0e12, "T"}, {1.0e9, "G"}, {1.0e6, "M"}, {1.0e3, "k"}, {1.0, ""}]

  # Beyond these, digits say less than a power of ten.
  @largest 1.0e15
  @smallest 1.0e-6

  @doc "A time in microseconds: `1.23 ms`."
  @spec duration(number) :: String.t()
  def duration(us) when us == 0, do: "0 µs"
  def duration(us), do: scaled(us, @durations)

  @doc "A time in microseconds as a sentence has it, of two digits where that will do: `3.7 ms`, `22 ms`, `134 s`."
  @spec time(number) :: String.t()
  def time(us) when us < 999.5, do: "#{round(us)} µs"
  def time(us) when us < 999_500, do: "#{short(us / 1_000)} ms"
  def time(us), do: "#{short(us / 1_000_000)} s"

  @doc "A time in milliseconds: `22 ms`."
  @spec duration_ms(number) :: String.t()
  def duration_ms(ms), do: duration(ms * 1_000)

  @doc "A size in bytes: `4.2 MB`."
  @spec bytes(number) :: String.t()
  def bytes(bytes) when bytes == 0, do: "0 B"
  def bytes(bytes), do: scaled(bytes, @bytes)

  @doc "A number with a prefix: `64.2 k`."
  @spec count(number) :: String.t()
  def count(number) when number == 0, do: "0"
  def count(number), do: scaled(number, @counts)

  @doc "A number of three significant digits, its thousands apart: `12,300`."
  @spec number(number) :: String.t()
  def number(value), do: value |> significant() |> thousands()

  @doc "A whole number with all of its digits, its thousands apart: `12,345`."
  @spec grouped(integer) :: String.t()
  def grouped(number), do: number |> Integer.to_string() |> thousands()

  @doc "A share from 0 to 1 as a whole percentage: `98 %`."
  @spec share(number) :: String.t()
  def share(share), do: "#{round(share * 100)} %"

  @doc "A percentage as it stands, with all of its nines: `99.9 %`."
  @spec percent(number) :: String.t()
  def percent(percent) do
    text = :erlang.float_to_binary(percent / 1, decimals: 7)
    (text |> String.trim_trailing("0") |> String.trim_trailing(".")) <> " %"
  end

  # One decimal below ten, unless it is a zero.
  defp short(number) do
    tenths = round(number * 10)
    if tenths < 100 and rem(tenths, 10) != 0, do: tenths / 10, else: round(number)
  end

  # Rounded before the unit is chosen: 999.7 µs are 1 ms, not 1000 µs.
  defp scaled(value, _units) when abs(value) >= @largest or abs(value) < @smallest,
    do: power(value)

  defp scaled(value, units) do
    rounded = rounded(value)

    {factor, unit} =
      Enum.find(units, List.last(units), fn {factor, _unit} -> abs(rounded) >= factor end)

    String.trim_trailing("#{number(rounded / factor)} #{unit}")
  end

  defp power(value), do: value |> rounded() |> Float.to_string()

  defp significant(value) when value == 0, do: "0"

  defp significant(value) do
    rounded = rounded(value)
    decimals = max(2 - exponent(rounded), 0)
    text = :erlang.float_to_binary(rounded, decimals: min(decimals, 12))

    if decimals > 0,
      do: text |> String.trim_trailing("0") |> String.trim_trailing("."),
      else: text
  end

  # To three significant digits.
  defp rounded(value) do
    exponent = exponent(value)

    if exponent >= 2 do
      step = Integer.pow(10, exponent - 2)
      round(value / step) * step / 1
    else
      step = Integer.pow(10, 2 - exponent)
      round(value * step) / step
    end
  end

  defp exponent(value), do: value |> abs() |> :math.log10() |> :math.floor() |> trunc()

  defp thousands(text) do
    [whole | fraction] = String.split(text, ".")
    Enum.join([String.replace(whole, ~r/(?<=\d)(?=(\d{3})+$)/, ",") | fraction], ".")
  end
end
