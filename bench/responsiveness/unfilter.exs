defmodule Cantilever.Bench.Responsiveness.Unfilter do
  @moduledoc """
  Undoes the filters of a PNG picture's rows, for pixels of three bytes.

      iex> Cantilever.Bench.Responsiveness.Unfilter.row(1, <<1, 2, 3, 1, 1, 1>>, <<0, 0, 0, 0, 0, 0>>)
      <<1, 2, 3, 2, 3, 4>>
  """

  @doc "The row as it was before the filter of this number, which may have used the row above."
  @spec row(0..4, binary, binary) :: binary
  def row(0, row, _above), do: row
  def row(1, row, _above), do: sub(row, 0, 0, 0, <<>>)
  def row(2, row, above), do: up(row, above, <<>>)
  def row(3, row, above), do: average(row, above, 0, 0, 0, <<>>)
  def row(4, row, above), do: paeth(row, above, 0, 0, 0, 0, 0, 0, <<>>)

  # Each is called with the last pixel's channels, which a byte of the output keeps the lowest eight bits of.
  defp sub(<<r, g, b, rest::binary>>, left_r, left_g, left_b, row) do
    <<r, g, b>> = <<r + left_r, g + left_g, b + left_b>>
    sub(rest, r, g, b, <<row::binary, r, g, b>>)
  end

  defp sub(<<>>, _r, _g, _b, row), do: row

  defp up(<<r, g, b, rest::binary>>, <<up_r, up_g, up_b, above::binary>>, row) do
    up(rest, above, <<row::binary, r + up_r, g + up_g, b + up_b>>)
  end

  defp up(<<>>, <<>>, row), do: row

  defp average(
         <<r, g, b, rest::binary>>,
         <<up_r, up_g, up_b, above::binary>>,
         left_r,
         left_g,
         left_b,
         row
       ) do
    <<r, g, b>> =
      <<r + div(left_r + up_r, 2), g + div(left_g + up_g, 2), b + div(left_b + up_b, 2)>>

    average(rest, above, r, g, b, <<row::binary, r, g, b>>)
  end

  defp average(<<>>, <<>>, _r, _g, _b, row), do: row

  defp paeth(
         <<r, g, b, rest::binary>>,
         <<up_r, up_g, up_b, above::binary>>,
         lr,
         lg,
         lb,
         cr,
         cg,
         cb,
         row
       ) do
    <<r, g, b>> = <<
      r + predict(lr, up_r, cr),
      g + predict(lg, up_g, cg),
      b + predict(lb, up_b, cb)
    >>

    paeth(rest, above, r, g, b, up_r, up_g, up_b, <<row::binary, r, g, b>>)
  end

  defp paeth(<<>>, <<>>, _lr, _lg, _lb, _cr, _cg, _cb, row), do: row

  # The one of left, above and corner that is closest to left + above - corner.
  defp predict(left, up, corner) do
    to_left = abs(up - corner)
    to_up = abs(left - corner)
    to_corner = abs(left + up - corner - corner)

    cond do
      to_left <= to_up and to_left <= to_corner -> left
      to_up <= to_corner -> up
      true -> corner
    end
  end
end
