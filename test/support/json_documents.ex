defmodule Cantilever.JSONDocuments do
  @moduledoc false
  # Random JSON values, and the many ways to write each of them. What comes out depends on the process's own `:rand` alone.

  @spec value(non_neg_integer()) :: term()
  def value(depth \\ 4)
  def value(0), do: scalar()

  def value(depth) do
    case :rand.uniform(6) do
      1 -> some(fn -> value(depth - 1) end)
      2 -> Map.new(some(fn -> {string(), value(depth - 1)} end))
      _scalar -> scalar()
    end
  end

  defp some(make), do: for(_ <- 1..length()//1, do: make.())

  # Rarely as many as make a map of another kind.
  defp length,
    do: if(:rand.uniform(20) == 1, do: 20 + :rand.uniform(30), else: :rand.uniform(7) - 1)

  defp scalar do
    case :rand.uniform(8) do
      1 -> nil
      2 -> :rand.uniform(2) == 1
      3 -> :rand.uniform(1_000) - 500
      4 -> (:rand.uniform(1_000) - 500) * Integer.pow(10, :rand.uniform(40))
      5 -> (:rand.uniform() - 0.5) * :math.pow(10, :rand.uniform(600) - 300)
      _string -> string()
    end
  end

  @spec string() :: String.t()
  def string do
    length = Enum.random([0, 1, 3, 8, 20, 63, 64, 65, 200])
    for _ <- 1..length//1, into: "", do: <<character()::utf8>>
  end

  defp character do
    case :rand.uniform(10) do
      1 -> Enum.random(~c"\"\\/\b\f\n\r\t\0")
      2 -> Enum.random([0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF])
      _ascii -> 0x20 + :rand.uniform(0x5E)
    end
  end

  @doc "Writes a value, with white space and escapes at random."
  @spec write(term()) :: iodata()
  def write(value), do: [space(), written(value), space()]

  defp written(nil), do: "null"
  defp written(value) when is_boolean(value), do: Atom.to_string(value)
  defp written(value) when is_integer(value), do: Integer.to_string(value)
  defp written(value) when is_float(value), do: Float.to_string(value)

  defp written(value) when is_binary(value),
    do: [?", for(<<c::utf8 <- value>>, do: escaped(c)), ?"]

  defp written(value) when is_list(value) do
    [?[, space(), value |> Enum.map(&write/1) |> Enum.intersperse(?,), ?]]
  end

  defp written(value) when is_map(value) do
    members = for {key, value} <- Enum.shuffle(value), do: [write(key), ?:, write(value)]
    [?{, space(), Enum.intersperse(members, ?,), ?}]
  end

  defp escaped(c) do
    if c in ~c"\"\\" or c < 0x20 or :rand.uniform(8) == 1 do
      for <<unit::16 <- :unicode.characters_to_binary([c], :utf8, :utf16)>> do
        ["\\u", unit |> Integer.to_string(16) |> String.pad_leading(4, "0")]
      end
    else
      <<c::utf8>>
    end
  end

  defp space, do: Enum.random(["", "", "", " ", "\n  ", "\t\r\n", "            "])

  @doc "Cuts a text into chunks of random lengths up to `most`."
  @spec cut(binary(), pos_integer()) :: [binary()]
  def cut("", _most), do: []

  def cut(text, most) do
    length = min(:rand.uniform(most), byte_size(text))
    <<chunk::binary-size(length), rest::binary>> = text
    [chunk | cut(rest, most)]
  end
end
