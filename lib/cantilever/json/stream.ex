defmodule Cantilever.JSON.Stream do
  @moduledoc false

  # The lazy streams of `Cantilever.JSON`: of the elements of an array, and of lines.

  alias Cantilever.JSON.{DecodeError, Decoder}

  @spec elements(Enumerable.t(), [Cantilever.JSON.decode_option()]) :: Enumerable.t()
  def elements(chunks, options) do
    Stream.transform(
      chunks,
      fn -> Decoder.new_of_elements(options) end,
      fn chunk, decoder -> feed(decoder, chunk, false) end,
      fn decoder -> feed(decoder, "", true) end,
      fn _decoder -> :ok end
    )
  end

  # What is wrong is raised when the elements before it have been taken.
  defp feed(decoder, chunk, last?) do
    case Decoder.feed_elements(decoder, chunk, last?) do
      {elements, nil} -> {elements, decoder}
      {elements, error} -> {Stream.map(elements ++ [error], &element/1), decoder}
    end
  end

  defp element(%DecodeError{} = error), do: raise(error)
  defp element(element), do: element

  @spec lines(Enumerable.t(), [Cantilever.JSON.decode_option()]) :: Enumerable.t()
  def lines(chunks, options) do
    chunks
    |> split()
    |> Stream.with_index(1)
    |> Stream.reject(fn {line, _number} -> blank?(line) end)
    |> Stream.map(fn {line, number} -> {number, Cantilever.JSON.decode(line, options)} end)
  end

  # The text of each line, whichever way the text is cut into chunks.
  @spec split(Enumerable.t()) :: Enumerable.t()
  def split(chunks) do
    Stream.transform(
      chunks,
      fn -> [] end,
      fn chunk, rest -> take_lines(IO.iodata_to_binary(chunk), rest) end,
      fn rest -> {last_line(rest), []} end,
      fn _rest -> :ok end
    )
  end

  # What is left of the chunks before is kept in pieces, so that a long line is not copied for each of its chunks.
  defp take_lines(chunk, rest) do
    case :binary.split(chunk, "\n", [:global]) do
      [part] ->
        {[], [rest, part]}

      [first | others] ->
        {complete, [last]} = Enum.split(others, -1)
        {[IO.iodata_to_binary([rest, first]) | complete], [last]}
    end
  end

  defp last_line(rest) do
    case IO.iodata_to_binary(rest) do
      "" -> []
      line -> [line]
    end
  end

  defp blank?(<<space, rest::binary>>) when space in ~c" \t\r", do: blank?(rest)
  defp blank?(line), do: line == ""
end
