defmodule Cantilever.Responsiveness.Units do
  @moduledoc false
  # Times in the unit that fits them, for people to read.

  @doc """
  A time in µs as a text: 240 µs, 3.7 ms, 22 ms, 1.2 s, 134 s.
  """
  @spec time(number) :: String.t()
  def time(us) when us < 999.5, do: "#{round(us)} µs"
  def time(us) when us < 999_500, do: "#{rounded(us / 1_000)} ms"
  def time(us), do: "#{rounded(us / 1_000_000)} s"

  # One decimal below ten, unless it is a zero.
  defp rounded(number) do
    tenths = round(number * 10)
    if tenths < 100 and rem(tenths, 10) != 0, do: tenths / 10, else: round(number)
  end
end
