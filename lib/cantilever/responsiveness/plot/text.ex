defmodule Cantilever.Responsiveness.Plot.Text do
  @moduledoc false
  # How much room a text takes in a font that nobody knows here. The widths are those of a wide sans-serif, so that what fits here fits
  # in the reader's font as well.

  @ellipsis "…"

  @doc "The width of `text` in pixels, in a font of `size` pixels."
  @spec width(String.t(), number) :: float
  def width(text, size) do
    text |> String.to_charlist() |> Enum.reduce(0.0, &(width_of(&1) + &2)) |> Kernel.*(size)
  end

  @doc "As much of `text` as fits `width` pixels, with an ellipsis where some is left out."
  @spec fit(String.t(), number, number) :: String.t()
  def fit(text, size, width) do
    if width(text, size) <= width, do: text, else: shorten(String.graphemes(text), size, width)
  end

  @doc """
  `text` in lines of at most `width` pixels, broken between words, and inside those that are longer. The last of `most` lines takes the
  rest, or what fits of it.
  """
  @spec wrap(String.t(), number, number, pos_integer) :: [String.t(), ...]
  def wrap(text, size, width, most) do
    case text |> String.split() |> Enum.flat_map(&pieces(&1, size, width)) do
      [] ->
        [""]

      [{_space, piece} | pieces] ->
        pieces |> lines(piece, size, width, most) |> Enum.map(&fit(&1, size, width))
    end
  end

  # A word that fits stays whole; another one may be broken behind its punctuation.
  defp pieces(word, size, width) do
    if width(word, size) <= width do
      [{" ", word}]
    else
      [first | others] = String.split(word, ~r/(?<=[^\w\s])(?=\w)|(?<=_)/u)
      [{" ", first} | Enum.map(others, &{"", &1})]
    end
  end

  defp lines([], line, _size, _width, _most), do: [line]

  defp lines(pieces, line, _size, _width, 1),
    do: [IO.iodata_to_binary([line | Enum.map(pieces, &Tuple.to_list/1)])]

  defp lines([{space, piece} | pieces], line, size, width, most) do
    longer = line <> space <> piece

    if width(longer, size) <= width,
      do: lines(pieces, longer, size, width, most),
      else: [line | lines(pieces, piece, size, width, most - 1)]
  end

  defp shorten(graphemes, size, width) do
    room = width - width(@ellipsis, size)

    {kept, _used} =
      Enum.reduce_while(graphemes, {[], 0.0}, fn grapheme, {kept, used} ->
        used = used + width(grapheme, size)
        if used <= room, do: {:cont, {[kept, grapheme], used}}, else: {:halt, {kept, used}}
      end)

    String.trim_trailing(IO.iodata_to_binary(kept)) <> @ellipsis
  end

  defp width_of(character) when character in ~c" .,:;'|!()[]iljftIr/", do: 0.4
  defp width_of(character) when character in ~c"mwMW%@", do: 0.98
  defp width_of(character) when character in ?A..?Z, do: 0.76
  defp width_of(character) when character < 0x1100, do: 0.64
  defp width_of(_wide), do: 1.0
end
