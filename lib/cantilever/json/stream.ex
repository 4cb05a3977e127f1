defmodule Cantilever.JSON.Stream do
  @moduledoc false

  # The lazy streams of `Cantilever.JSON`: of the elements of an array, and of lines.

  alias Cantilever.JSON.{DecodeError, DecodeOptions, Decoder}

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
    most = options |> DecodeOptions.for_native() |> DecodeOptions.max_bytes()

    chunks
    |> split(most)
    |> Stream.with_index(1)
    |> Stream.reject(fn {line, _number} -> blank?(line) end)
    |> Stream.map(fn {line, number} -> {number, decode(line, options, most)} end)
  end

  defp decode(:too_long, _options, most) do
    {:error, DecodeError.from_native(DecodeOptions.too_many_bytes(most))}
  end

  defp decode(line, options, _most), do: Cantilever.JSON.decode(line, options)

  # The text of each line, whichever way the text is cut into chunks.
  defp split(chunks, most) do
    Stream.transform(
      chunks,
      fn -> begin() end,
      fn chunk, rest -> take_lines(IO.iodata_to_binary(chunk), rest, most) end,
      fn rest -> {last_line(rest), begin()} end,
      fn _rest -> :ok end
    )
  end

  defp begin, do: {[], 0}

  defp take_lines(chunk, rest, most) do
    case :binary.split(chunk, "\n", [:global]) do
      [part] ->
        {[], add(rest, part, most)}

      [first | others] ->
        {complete, [last]} = Enum.split(others, -1)
        {[rest |> add(first, most) |> line() | complete], add(begin(), last, most)}
    end
  end

  # What is left of the chunks before is kept in pieces, so that a long line is not copied for each of its chunks, and not at
  # all once it is too long.
  defp add(:too_long, _part, _most), do: :too_long

  defp add({parts, size}, part, most) do
    size = size + byte_size(part)
    if size > most, do: :too_long, else: {[parts, part], size}
  end

  defp line(:too_long), do: :too_long
  defp line({parts, _size}), do: IO.iodata_to_binary(parts)

  defp last_line({_parts, 0}), do: []
  defp last_line(rest), do: [line(rest)]

  # Whether there is no document in a line.
  @spec blank?(binary() | :too_long) :: boolean()
  def blank?(<<space, rest::binary>>) when space in ~c" \t\r", do: blank?(rest)
  def blank?(line), do: line == ""
end
