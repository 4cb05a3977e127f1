defmodule Cantilever.Nif.Precompiled.Elf.VersionNeeds do
  @moduledoc false
  # The names of the symbol versions that an ELF file asks of its libraries, such as GLIBC_2.17: the table to which
  # DT_VERNEED points. Every step goes forward and their number is limited, so no bytes lead in circles. Pure.

  import Bitwise, only: [band: 2]

  alias Cantilever.Nif.Precompiled.Elf.Image

  @dynamic 2

  @dt_null 0
  @dt_strtab 5
  @dt_verneed 0x6FFFFFFE

  @max_entries 4096
  @max_libraries 256
  @max_name 256

  # The loader lets a library load without it.
  @weak 2

  @spec names(Image.t()) :: [binary()]
  def names(image) do
    with %{offset: start, size: size} <- Enum.find(image.segments, &(&1.type == @dynamic)),
         entries = dynamic(image, start, min(div(size * 8, image.class * 2), @max_entries), %{}),
         %{@dt_verneed => needs, @dt_strtab => strings} <- entries,
         {:ok, needs} <- Image.offset(image, needs),
         {:ok, strings} <- Image.offset(image, strings) do
      libraries(image, needs, strings, @max_libraries)
    else
      _other -> []
    end
  end

  defp dynamic(_image, _at, 0, found), do: found

  defp dynamic(image, at, left, found) do
    width = div(image.class, 8)

    with {:ok, tag} when tag != @dt_null <- Image.word(image, at),
         {:ok, value} <- Image.word(image, at + width) do
      dynamic(image, at + 2 * width, left - 1, Map.put_new(found, tag, value))
    else
      _end -> found
    end
  end

  # A library: version, count, name, offset of its first version, offset of the next library.
  defp libraries(_image, _at, _strings, 0), do: []

  defp libraries(image, at, strings, left) do
    with {:ok, 1} <- Image.integer(image, at, 16),
         {:ok, count} <- Image.integer(image, at + 2, 16),
         {:ok, first} <- Image.integer(image, at + 8, 32),
         {:ok, next} <- Image.integer(image, at + 12, 32) do
      versions(image, at + first, strings, min(count, @max_entries)) ++
        if(next == 0, do: [], else: libraries(image, at + next, strings, left - 1))
    else
      _other -> []
    end
  end

  # A version: hash, flags, index, name, offset of the next.
  defp versions(_image, _at, _strings, 0), do: []

  defp versions(image, at, strings, left) do
    with {:ok, flags} <- Image.integer(image, at + 4, 16),
         {:ok, name} <- Image.integer(image, at + 8, 32),
         {:ok, next} <- Image.integer(image, at + 12, 32) do
      name = if band(flags, @weak) == 0, do: text(image, strings + name), else: []
      name ++ if(next == 0, do: [], else: versions(image, at + next, strings, left - 1))
    else
      _other -> []
    end
  end

  defp text(%{bytes: bytes} = image, at) do
    with {:ok, name} <- Image.slice(image, at, max(0, min(@max_name, byte_size(bytes) - at))),
         [name, _rest] <- :binary.split(name, "\0") do
      [name]
    else
      _other -> []
    end
  end
end
