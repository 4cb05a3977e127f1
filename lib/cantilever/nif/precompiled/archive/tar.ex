defmodule Cantilever.Nif.Precompiled.Archive.Tar do
  @moduledoc false
  # A tar with one regular file, written as POSIX has it (ustar), and read from whatever GNU tar, bsdtar or Erlang
  # make of one file: with extended headers and long names. Pure.

  alias Cantilever.Nif.Precompiled.Archive.TarHeader

  @block 512
  @end_of_archive <<0::size(1024)-unit(8)>>

  @spec write(String.t(), binary()) :: iodata()
  def write(name, content),
    do: [
      TarHeader.write(name, byte_size(content)),
      content,
      TarHeader.padding(byte_size(content)),
      @end_of_archive
    ]

  @spec read(binary(), String.t(), pos_integer()) :: {:ok, binary()} | {:error, String.t()}
  def read(tar, name, max_bytes), do: entries(tar, %{name: name, max: max_bytes, found: nil}, %{})

  # `said` is what the entries before this one say about it.
  defp entries(<<0::size(@block)-unit(8), rest::binary>>, state, _said), do: finish(rest, state)

  defp entries(<<block::binary-size(@block), rest::binary>>, state, said) do
    with {:ok, header} <- TarHeader.parse(block),
         extension? = header.type in [:extended, :long_name],
         header = if(extension?, do: header, else: Map.merge(header, said)),
         {:ok, content, rest} <- content(rest, header) do
      if extension?,
        do: extension(header, content, rest, state, said),
        else: entry(header, content, rest, state)
    end
  end

  defp entries(_cut, _state, _said), do: {:error, "is cut off: its tar has no end"}

  defp extension(header, content, rest, state, said) do
    with {:ok, more} <- TarHeader.extension(header, content),
         do: entries(rest, state, Map.merge(said, more))
  end

  # Says something about all entries, but none of what matters here.
  defp entry(%{type: :global}, _content, rest, state), do: entries(rest, state, %{})

  defp entry(%{type: :file, name: name}, content, rest, state) do
    plain = String.replace_prefix(name, "./", "")

    cond do
      # Attributes of a file, which macOS puts beside it.
      plain == "._" <> state.name -> entries(rest, state, %{})
      plain != state.name -> {:error, "has a file #{show(name)} in it instead of #{state.name}"}
      state.found != nil -> {:error, "has the file #{show(name)} in it twice"}
      byte_size(content) > state.max -> {:error, too_large(content, state)}
      true -> entries(rest, %{state | found: content}, %{})
    end
  end

  defp entry(%{type: type, name: name}, _content, _rest, state),
    do: {:error, "has #{type} #{show(name)} in it, and only the file #{state.name} is accepted"}

  defp content(rest, %{size: size}) do
    filled = size + byte_size(TarHeader.padding(size))

    case rest do
      <<content::binary-size(size), _::binary>> when byte_size(rest) >= filled ->
        {:ok, content, binary_part(rest, filled, byte_size(rest) - filled)}

      _short ->
        {:error,
         "is cut off: its tar announces #{size} bytes of which #{byte_size(rest)} are there"}
    end
  end

  # A second block of zeros ends the archive, and more of them may fill up its last record.
  defp finish(rest, state) do
    cond do
      byte_size(rest) < @block or rem(byte_size(rest), @block) != 0 ->
        {:error, "is cut off: its tar has no end"}

      rest != :binary.copy(<<0>>, byte_size(rest)) ->
        {:error, "has other data after the end of its tar"}

      state.found == nil ->
        {:error, "has no file #{state.name} in it"}

      true ->
        {:ok, :binary.copy(state.found)}
    end
  end

  defp too_large(content, state),
    do:
      "has a library of #{byte_size(content)} bytes in it, and at most #{state.max} are accepted"

  defp show(name), do: inspect(binary_part(name, 0, min(byte_size(name), 200)))
end
