defmodule Cantilever.JSON.Tool.Place do
  @moduledoc false
  # Where a byte stands: its line and column, and a line of text that shows it.

  import Bitwise

  alias Cantilever.JSON.Tool.Input

  @enforce_keys [:line, :column, :excerpt]
  defstruct [:line, :column, :excerpt]

  # Both count from 1, and columns count characters.
  @type t :: %__MODULE__{line: pos_integer(), column: pos_integer(), excerpt: String.t()}

  # How many characters are shown on each side.
  @around 30

  # Enough for as many characters as are shown and one more.
  @bytes 4 * (@around + 1)

  @doc "The place of a byte of a document, which is read again up to it."
  @spec find(Input.t(), non_neg_integer()) :: t()
  def find(input, position) do
    {line, start} = line(input, position)

    %__MODULE__{
      line: line,
      column: 1 + (input |> range(start, position) |> Enum.reduce(0, &(characters(&1) + &2))),
      excerpt:
        excerpt(
          bytes(input, max(start, position - @bytes), position),
          bytes(input, position, position + @bytes)
        )
    }
  end

  @doc "The place of a byte of a line, which has the number `number`."
  @spec in_line(binary(), pos_integer(), non_neg_integer()) :: t()
  def in_line(line, number, position) do
    <<before::binary-size(position), rest::binary>> = line

    %__MODULE__{
      line: number,
      column: characters(before) + 1,
      excerpt:
        excerpt(
          binary_part(before, position, -min(position, @bytes)),
          binary_part(rest, 0, min(byte_size(rest), @bytes))
        )
    }
  end

  @doc "The place as compilers write it, what is wrong there, and the text with a mark beneath."
  @spec message(t(), String.t(), String.t()) :: String.t()
  def message(place, name, what),
    do: "#{name}:#{place.line}:#{place.column}: #{what}\n#{place.excerpt}"

  # The number of the line that the byte is in, and the byte at which it begins.
  defp line(input, position) do
    {line, start, _offset} =
      input
      |> range(0, position)
      |> Enum.reduce({1, 0, 0}, fn chunk, {line, start, offset} ->
        next = offset + byte_size(chunk)

        case :binary.matches(chunk, "\n") do
          [] ->
            {line, start, next}

          matches ->
            {last, 1} = List.last(matches)
            {line + length(matches), offset + last + 1, next}
        end
      end)

    {line, start}
  end

  # The chunks of the bytes from one place to another.
  defp range(input, from, to) do
    input
    |> Input.chunks(from)
    |> Stream.transform(to - from, fn
      _chunk, 0 -> {:halt, 0}
      chunk, left when byte_size(chunk) <= left -> {[chunk], left - byte_size(chunk)}
      chunk, left -> {[binary_part(chunk, 0, left)], 0}
    end)
  end

  defp bytes(input, from, to),
    do: input |> range(from, to) |> Enum.to_list() |> IO.iodata_to_binary()

  # Those that begin a character: in what is no UTF-8, about so many.
  defp characters(bytes),
    do: for(<<byte <- bytes>>, (byte &&& 0xC0) != 0x80, reduce: 0, do: (count -> count + 1))

  defp excerpt(before, rest) do
    [rest | _next_lines] = :binary.split(rest, ["\n", "\r"])
    {before, cut?} = before |> printable() |> Enum.split(-@around) |> shown()

    {rest, more?} =
      rest
      |> printable()
      |> Enum.split(@around)
      |> then(fn {rest, more} -> {rest, more != []} end)

    lead = if cut?, do: ["…" | before], else: before

    "  #{lead}#{rest}#{if more?, do: "…"}\n  #{String.duplicate(" ", length(lead))}^"
  end

  defp shown({cut, before}), do: {before, cut != []}

  # Each takes one column. A character that was cut in two at the begin of `text` is left out.
  defp printable(text), do: text |> drop_cut() |> characters_of()

  defp drop_cut(<<byte, rest::binary>>) when (byte &&& 0xC0) == 0x80, do: drop_cut(rest)
  defp drop_cut(text), do: text

  defp characters_of(<<character::utf8, rest::binary>>) do
    text = <<character::utf8>>

    [
      if(String.printable?(text) and character not in ~c"\t\v\f\b\e\d\a", do: text, else: " ")
      | characters_of(rest)
    ]
  end

  defp characters_of(<<_byte, rest::binary>>), do: ["�" | characters_of(rest)]
  defp characters_of(""), do: []
end
