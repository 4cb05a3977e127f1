defmodule Cantilever.ElfFile do
  @moduledoc false
  # ELF files with no more in them than a loader looks at: a header, segments, an interpreter, and the versions
  # that are needed of libraries.

  @machines %{
    "i686" => 0x03,
    "arm" => 0x28,
    "x86_64" => 0x3E,
    "aarch64" => 0xB7,
    "s390x" => 0x16,
    "riscv64gc" => 0xF3,
    "mips64" => 0x08
  }

  # Addresses differ from offsets, as they do in real files.
  @shift 0x10000

  # `needs` is a list of `{library, [version | {version, :weak}]}`.
  @spec build(keyword()) :: binary()
  def build(opts \\ []) do
    class = Keyword.get(opts, :class, 64)
    to = {class, Keyword.get(opts, :endian, :little)}
    header_size = if class == 64, do: 64, else: 52
    segment_size = if class == 64, do: 56, else: 32
    needs = Keyword.get(opts, :needs, [])
    start = header_size + 3 * segment_size

    interpreter =
      case opts[:interpreter] do
        nil -> ""
        path -> path <> "\0"
      end

    {strings, names} = strings(needs)
    verneed = verneed(needs, names, to)
    strings_at = start + byte_size(interpreter)
    verneed_at = strings_at + byte_size(strings)
    dynamic_at = verneed_at + byte_size(verneed)

    dynamic =
      for {tag, value} <- [
            {5, strings_at + @shift},
            {0x6FFFFFFE, verneed_at + @shift},
            {0x6FFFFFFF, length(needs)},
            {0, 0}
          ],
          into: "",
          do: word(tag, to) <> word(value, to)

    size = dynamic_at + byte_size(dynamic)

    segments =
      segment(1, 0, size, to) <>
        segment(if(interpreter == "", do: 0, else: 3), start, byte_size(interpreter), to) <>
        segment(if(needs == [], do: 0, else: 2), dynamic_at, byte_size(dynamic), to)

    header(Map.fetch!(@machines, Keyword.get(opts, :machine, "x86_64")), opts[:flags] || 0, to) <>
      segments <> interpreter <> strings <> verneed <> dynamic
  end

  defp header(machine, flags, {class, endian} = to) do
    {size, segment} = if class == 64, do: {64, 56}, else: {52, 32}

    <<0x7F, "ELF", div(class, 32), if(endian == :little, do: 1, else: 2), 1, 0::72>> <>
      half(3, to) <>
      half(machine, to) <>
      long(1, to) <>
      word(0, to) <>
      word(size, to) <>
      word(0, to) <>
      long(flags, to) <>
      half(size, to) <>
      half(segment, to) <> half(3, to) <> half(0, to) <> half(0, to) <> half(0, to)
  end

  defp segment(type, offset, size, {64, _} = to) do
    address = word(offset + @shift, to)

    long(type, to) <>
      long(4, to) <>
      word(offset, to) <>
      address <>
      address <>
      word(size, to) <>
      word(size, to) <> word(1, to)
  end

  defp segment(type, offset, size, {32, _} = to) do
    address = word(offset + @shift, to)

    long(type, to) <>
      word(offset, to) <>
      address <>
      address <>
      word(size, to) <>
      word(size, to) <> long(4, to) <> word(1, to)
  end

  defp strings(needs) do
    texts =
      for {library, versions} <- needs, text <- [library | Enum.map(versions, &name/1)], do: text

    Enum.reduce(texts, {"\0", %{}}, fn text, {strings, names} ->
      {strings <> text <> "\0", Map.put(names, text, byte_size(strings))}
    end)
  end

  defp verneed(needs, names, to) do
    last = length(needs) - 1

    for {{library, versions}, index} <- Enum.with_index(needs), into: "" do
      count = length(versions)
      next = if index == last, do: 0, else: 16 + 16 * count

      entries =
        for {version, at} <- Enum.with_index(versions, 1), into: "" do
          flags = if match?({_, :weak}, version), do: 2, else: 0

          long(0, to) <>
            half(flags, to) <>
            half(at, to) <>
            long(names[name(version)], to) <>
            long(if(at == count, do: 0, else: 16), to)
        end

      half(1, to) <>
        half(count, to) <>
        long(names[library], to) <>
        long(16, to) <>
        long(next, to) <>
        entries
    end
  end

  defp name({version, :weak}), do: version
  defp name(version), do: version

  defp half(number, to), do: number(number, 16, to)
  defp long(number, to), do: number(number, 32, to)
  defp word(number, {class, _} = to), do: number(number, class, to)

  defp number(number, bits, {_class, :little}), do: <<number::little-size(bits)>>
  defp number(number, bits, {_class, :big}), do: <<number::size(bits)>>
end
