defmodule Cantilever.Nif.Precompiled.Archive.TarHeader do
  @moduledoc false
  # The block of 512 bytes that stands before each entry of a tar, and the entries that only say more about the one
  # behind them. Pure.

  @types %{
    ?0 => :file,
    0 => :file,
    ?7 => :file,
    ?1 => "the hard link",
    ?2 => "the symbolic link",
    ?3 => "the device",
    ?4 => "the device",
    ?5 => "the directory",
    ?6 => "the pipe",
    ?x => :extended,
    ?g => :global,
    ?L => :long_name
  }

  @type t :: %{
          type: :file | :extended | :global | :long_name | String.t(),
          name: binary(),
          size: non_neg_integer()
        }

  @block 512
  @name_bytes 100
  @max_extension 65_536

  # A regular file, executable by all, of nobody and no time. A name that does not fit goes before it.
  @spec write(String.t(), non_neg_integer()) :: binary()
  def write(name, size) when byte_size(name) <= @name_bytes, do: block(?0, name, size)

  def write(name, size) do
    record = record_of("path", name)
    extension = block(?x, "extended", byte_size(record)) <> record <> padding(byte_size(record))
    extension <> block(?0, binary_part(name, 0, @name_bytes), size)
  end

  # What fills up the last block of so many bytes.
  @spec padding(non_neg_integer()) :: binary()
  def padding(size), do: :binary.copy(<<0>>, rem(@block - rem(size, @block), @block))

  @spec parse(<<_::4096>>) :: {:ok, t()} | {:error, String.t()}
  def parse(<<before::binary-size(148), stored::binary-size(8), behind::binary-size(356)>>) do
    <<name::binary-size(100), _mode_and_owner::binary-size(24), size::binary-size(12), _::binary>> =
      before

    <<type, _link::binary-size(100), magic::binary-size(6), _::binary-size(82),
      prefix::binary-size(155), _::binary>> = behind

    with {:ok, sum} <- number(stored),
         true <- sum == sum(before, behind),
         {:ok, size} <- number(size) do
      name = text(name)
      # GNU's own format keeps other things there.
      prefix = if magic == "ustar\0", do: text(prefix), else: ""
      name = if prefix == "", do: name, else: prefix <> "/" <> name
      {:ok, %{type: type(type, name), name: name, size: size}}
    else
      _other -> {:error, "has no valid tar in it"}
    end
  end

  # What an entry of the types :extended and :long_name says about the next one.
  @spec extension(t(), binary()) :: {:ok, map()} | {:error, String.t()}
  def extension(_header, content) when byte_size(content) > @max_extension,
    do: {:error, "has an extended header of #{byte_size(content)} bytes in its tar"}

  def extension(%{type: :long_name}, content), do: {:ok, %{name: text(content)}}
  def extension(%{type: :extended}, content), do: records(content, %{})

  # Each record is `LENGTH KEY=VALUE\n`, where the length counts all of it.
  defp records("", said), do: {:ok, said}

  defp records(content, said) do
    with {length, " " <> _} <- Integer.parse(content),
         true <- length > 0 and length <= byte_size(content),
         <<record::binary-size(length), rest::binary>> = content,
         [_length, record] <- :binary.split(record, " "),
         true <- String.ends_with?(record, "\n"),
         [key, value] <- :binary.split(binary_part(record, 0, byte_size(record) - 1), "="),
         {:ok, said} <- record(key, value, said) do
      records(rest, said)
    else
      {:error, problem} -> {:error, problem}
      _other -> {:error, "has an extended header in its tar that cannot be read"}
    end
  end

  defp record("path", value, said), do: {:ok, Map.put(said, :name, value)}

  defp record("size", value, said) do
    case Integer.parse(value) do
      {size, ""} when size >= 0 -> {:ok, Map.put(said, :size, size)}
      _other -> :error
    end
  end

  defp record("GNU.sparse" <> _, _value, _said),
    do: {:error, "has a sparse file in it, and only whole files are accepted"}

  defp record(_key, _value, said), do: {:ok, said}

  # Before there was a type for directories, the name told.
  defp type(0, name) do
    if String.ends_with?(name, "/"), do: @types[?5], else: :file
  end

  defp type(type, _name), do: Map.get(@types, type, "an entry of the unknown type #{type},")

  # Octal digits, or a binary number where the first bit is set.
  defp number(<<1::1, number::size(63)>>), do: {:ok, number}

  defp number(<<1::1, 0::31, number::64>>), do: {:ok, number}

  defp number(field) do
    case field |> text() |> :binary.replace(" ", "", [:global]) |> Integer.parse(8) do
      {number, ""} when number >= 0 -> {:ok, number}
      _other -> :error
    end
  end

  defp block(type, name, size) do
    before =
      padded(name, @name_bytes) <>
        octal(0o755, 8) <> octal(0, 8) <> octal(0, 8) <> octal(size, 12) <> octal(0, 12)

    behind =
      <<type, 0::800>> <>
        "ustar\0" <> "00" <> <<0::512>> <> octal(0, 8) <> octal(0, 8) <> <<0::1336>>

    before <> checksum(before, behind) <> behind
  end

  # The length counts its own digits.
  defp record_of(key, value) do
    rest = " #{key}=#{value}\n"

    length =
      Enum.find(byte_size(rest)..(byte_size(rest) + 9), fn length ->
        length == byte_size(rest) + byte_size(Integer.to_string(length))
      end)

    "#{length}#{rest}"
  end

  defp checksum(before, behind),
    do: String.pad_leading(Integer.to_string(sum(before, behind), 8), 6, "0") <> "\0 "

  # Counted as if the field itself held blanks.
  defp sum(before, behind), do: bytes(before, 0) + 8 * ?\s + bytes(behind, 0)

  defp bytes(<<byte, rest::binary>>, sum), do: bytes(rest, sum + byte)
  defp bytes("", sum), do: sum

  defp octal(number, width),
    do: String.pad_leading(Integer.to_string(number, 8), width - 1, "0") <> "\0"

  defp padded(text, width), do: text <> :binary.copy(<<0>>, width - byte_size(text))

  defp text(field), do: field |> :binary.split("\0") |> hd()
end
