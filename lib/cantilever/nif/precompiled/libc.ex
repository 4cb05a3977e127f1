defmodule Cantilever.Nif.Precompiled.Libc do
  @moduledoc false
  # Which C library a file belongs to, by its name, and which version of glibc is mapped. Pure.

  @type version :: {non_neg_integer(), non_neg_integer()}

  # Of a loader or of the library itself.
  @spec of(Path.t()) :: :gnu | :musl | :android | nil
  def of(path) do
    name = Path.basename(path)

    cond do
      name =~ ~r/\A(ld-musl-|libc\.musl-)/ -> :musl
      name =~ ~r/\Ald(-linux[\w-]*|64)?\.so\.[1-3]\z/ or glibc?(name) -> :gnu
      name in ["linker", "linker64"] -> :android
      true -> nil
    end
  end

  # The files of a process, from its memory map: the sixth field, which may have blanks in it.
  @spec mapped(maps :: String.t()) :: [Path.t()]
  def mapped(maps) do
    for line <- String.split(maps, "\n"),
        [_range, _rights, _offset, _device, _inode, "/" <> _ = path] <-
          [String.split(line, ~r/ +/, parts: 6)],
        uniq: true,
        do: path
  end

  @spec glibc_file([Path.t()]) :: Path.t() | nil
  def glibc_file(mapped), do: Enum.find(mapped, &glibc?(Path.basename(&1)))

  # glibc says its version in a sentence; older ones also in their file's name.
  @spec version(content :: binary() | nil, [Path.t()]) :: version() | nil
  def version(content, mapped), do: stated(content || "") || named(glibc_file(mapped) || "")

  defp stated(content) do
    with {start, _length} <- :binary.match(content, "GNU C Library "),
         line = binary_part(content, start, min(200, byte_size(content) - start)),
         [_, major, minor] <- Regex.run(~r/release version (\d{1,3})\.(\d{1,3})/, line) do
      {String.to_integer(major), String.to_integer(minor)}
    else
      _other -> nil
    end
  end

  defp named(path) do
    case Regex.run(~r/\Alibc-(\d{1,3})\.(\d{1,3})/, Path.basename(path)) do
      [_, major, minor] -> {String.to_integer(major), String.to_integer(minor)}
      nil -> nil
    end
  end

  defp glibc?(name), do: name =~ ~r/\Alibc(\.so\.6|-\d+\.\d+\.so)( \(deleted\))?\z/
end
