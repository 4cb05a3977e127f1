Code.require_file("../../../bench/responsiveness/unfilter.exs", __DIR__)
Code.require_file("../../../bench/responsiveness/thumbnail.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.ThumbnailTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Responsiveness.{Thumbnail, Unfilter}

  # Each filter by its definition in the PNG standard, applied to two rows of two pixels.
  @above <<10, 20, 30, 40, 50, 60>>
  @row <<11, 25, 29, 200, 1, 90>>

  test "each filter is undone" do
    for filter <- 0..4 do
      assert Unfilter.row(filter, filtered(filter), @above) == @row
    end
  end

  test "a small pixel is the mean of its box" do
    png = png(2, 2, <<0, @above::binary, 0, @row::binary>>)

    assert Thumbnail.shrink(png, 1) ==
             <<div(10 + 40 + 11 + 200, 4), div(20 + 50 + 25 + 1, 4), div(30 + 60 + 29 + 90, 4)>>
  end

  test "a picture that is as wide as wanted stays what it is, through every filter" do
    for filter <- 0..4 do
      png = png(2, 2, <<0, @above::binary, filter, filtered(filter)::binary>>)
      assert Thumbnail.shrink(png, 2) == @above <> @row
    end
  end

  defp filtered(filter) do
    left = <<0, 0, 0>> <> binary_part(@row, 0, 3)
    corner = <<0, 0, 0>> <> binary_part(@above, 0, 3)

    for index <- 0..5, into: <<>> do
      [x, a, b, c] = for bytes <- [@row, left, @above, corner], do: :binary.at(bytes, index)
      <<x - predicted(filter, a, b, c)>>
    end
  end

  defp predicted(0, _a, _b, _c), do: 0
  defp predicted(1, a, _b, _c), do: a
  defp predicted(2, _a, b, _c), do: b
  defp predicted(3, a, b, _c), do: div(a + b, 2)
  defp predicted(4, a, b, c), do: Enum.min_by([a, b, c], &abs(a + b - c - &1))

  defp png(width, height, rows) do
    IO.iodata_to_binary([
      <<137, "PNG\r\n", 26, "\n">>,
      chunk("IHDR", <<width::32, height::32, 8, 2, 0, 0, 0>>),
      chunk("tEXt", "left out"),
      chunk("IDAT", :zlib.compress(rows)),
      chunk("IEND", "")
    ])
  end

  defp chunk(kind, body),
    do: [<<byte_size(body)::32>>, kind, body, <<:erlang.crc32([kind, body])::32>>]
end
