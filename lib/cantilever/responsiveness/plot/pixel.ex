defmodule Cantilever.Responsiveness.Plot.Pixel do
  @moduledoc false
  # Coordinates as text: a tenth of a pixel is as fine as anybody sees, and the same on every machine.

  @doc "A number of pixels, rounded."
  @spec text(number) :: String.t()
  def text(pixels) do
    tenths = round(pixels * 10)
    whole = Integer.to_string(abs(div(tenths, 10)))
    sign = if tenths < 0, do: "-", else: ""
    if rem(tenths, 10) == 0, do: sign <> whole, else: "#{sign}#{whole}.#{abs(rem(tenths, 10))}"
  end

  @doc "The coordinates of a point."
  @spec pair(number, number) :: iodata
  def pair(x, y), do: [text(x), " ", text(y)]
end
