defmodule Cantilever.Bench.Responsiveness.Thumbnail do
  @moduledoc """
  Shrinks a PNG picture in pure Elixir: `:zlib` inflates it, the rest is Elixir.

      png = Cantilever.Bench.Responsiveness.Calls.picture(640, 480)
      Cantilever.Bench.Responsiveness.Thumbnail.shrink(png, 320)

  It reads what the bench makes: 8 bits a channel, red, green and blue, not interlaced.
  """

  alias Cantilever.Bench.Responsiveness.Unfilter

  @signature <<137, "PNG\r\n", 26, "\n">>

  @doc "The small picture's pixels, three bytes each: each the mean of its box, rounded down."
  @spec shrink(binary, pos_integer) :: binary
  def shrink(<<@signature, chunks::binary>>, small_width) do
    {<<width::32, height::32, 8, 2, 0, 0, 0>>, data} = chunks(chunks, nil, [])
    small_height = max(div(height * small_width, width), 1)
    bytes = width * 3
    zeros = List.duplicate(0, small_width * 3)
    columns = for index <- 0..(small_width - 1), do: length_of_part(index, width, small_width)

    {small, _rest, _above} =
      Enum.reduce(
        0..(small_height - 1),
        {[], inflate(data), <<0::size(bytes)-unit(8)>>},
        fn index, {small, rest, above} ->
          rows = length_of_part(index, height, small_height)
          {sums, rest, above} = add_rows(rows, rest, above, bytes, columns, zeros)
          {[small | means(sums, columns, rows)], rest, above}
        end
      )

    IO.iodata_to_binary(small)
  end

  defp chunks(<<_length::32, "IEND", _::binary>>, header, data), do: {header, Enum.reverse(data)}

  defp chunks(
         <<length::32, kind::binary-size(4), body::binary-size(length), _crc::32, rest::binary>>,
         header,
         data
       ) do
    case kind do
      "IHDR" -> chunks(rest, body, data)
      "IDAT" -> chunks(rest, header, [body | data])
      _other -> chunks(rest, header, data)
    end
  end

  defp inflate(data) do
    stream = :zlib.open()
    :ok = :zlib.inflateInit(stream)
    inflated = stream |> :zlib.inflate(data) |> IO.iodata_to_binary()
    :ok = :zlib.close(stream)
    inflated
  end

  defp add_rows(0, rest, above, _bytes, _columns, sums), do: {sums, rest, above}

  defp add_rows(rows, rest, above, bytes, columns, sums) do
    <<filter, filtered::binary-size(bytes), rest::binary>> = rest
    row = Unfilter.row(filter, filtered, above)
    add_rows(rows - 1, rest, row, bytes, columns, add_row(columns, row, sums))
  end

  defp add_row([], _row, []), do: []

  defp add_row([count | columns], row, [red, green, blue | sums]) do
    {row, red, green, blue} = add_pixels(count, row, red, green, blue)
    [red, green, blue | add_row(columns, row, sums)]
  end

  defp add_pixels(0, row, red, green, blue), do: {row, red, green, blue}

  defp add_pixels(count, <<r, g, b, row::binary>>, red, green, blue) do
    add_pixels(count - 1, row, red + r, green + g, blue + b)
  end

  defp means([], [], _rows), do: []

  defp means([red, green, blue | sums], [count | columns], rows) do
    pixels = count * rows
    [div(red, pixels), div(green, pixels), div(blue, pixels) | means(sums, columns, rows)]
  end

  defp length_of_part(index, large, small),
    do: div((index + 1) * large, small) - div(index * large, small)
end
