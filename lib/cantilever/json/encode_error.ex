defmodule Cantilever.JSON.EncodeError do
  @moduledoc """
  A term that JSON has nothing for.

    * `reason` - `:unsupported`, such as a tuple or a pid; `:invalid_byte`, in a string that is not UTF-8; `:too_deep`;
      `:duplicate_key`, with `maps: :strict`; `:improper_list`; or `:iodata`, a fragment that holds something else
    * `value` - the term that it is about
    * `path` - where that is in the term which was encoded: keys of maps and indexes of lists, the outermost first, of
      which there are at most 100, the innermost
    * `byte` - with `:invalid_byte`, the offset of the first byte that is not UTF-8
  """

  defexception [:reason, :value, :path, :byte]

  @typedoc "See the module."
  @type t() :: %__MODULE__{
          reason:
            :unsupported
            | :invalid_byte
            | :too_deep
            | :duplicate_key
            | :improper_list
            | :iodata,
          value: term(),
          path: [term()],
          byte: non_neg_integer() | nil
        }

  @impl Exception
  def message(error), do: "#{place(error.path)}: #{describe(error)}"

  defp describe(%{reason: :unsupported, value: {key, _value} = value}) when is_atom(key) do
    "#{shown(value)} is an entry of a keyword list, of which JSON cannot tell whether it is an object or an array: " <>
      "turn the list into a map with Map.new/1, or, to keep the order, into an object with " <>
      "Cantilever.JSON.OrderedObject.new/1"
  end

  defp describe(%{reason: :unsupported, value: value}) when is_tuple(value),
    do:
      "#{shown(value)} is a tuple, which JSON has nothing for: Tuple.to_list/1 makes a list of it"

  defp describe(%{reason: :unsupported, value: value}) when is_bitstring(value),
    do: "#{shown(value)} has #{bit_size(value)} bits, which are no whole bytes and so no text"

  defp describe(%{reason: :unsupported, value: value}),
    do: "#{shown(value)} is nothing that JSON has: maps, lists, strings, numbers and atoms are"

  defp describe(%{reason: :invalid_byte, value: value, byte: byte}) do
    found = value |> binary_part(byte, 1) |> :binary.decode_unsigned() |> Integer.to_string(16)

    "the byte 0x#{String.pad_leading(found, 2, "0")} at offset #{byte} of #{shown(value)} is not UTF-8: " <>
      "Base.encode64/1 makes text of any bytes"
  end

  defp describe(%{reason: :too_deep}),
    do: "it is nested deeper than max_depth allows"

  defp describe(%{reason: :duplicate_key, value: key}),
    do: "the key #{shown(key)} is written like another one of the same map"

  defp describe(%{reason: :improper_list, value: tail}),
    do: "the list ends with #{shown(tail)} instead of []"

  defp describe(%{reason: :iodata, value: value}),
    do: "the fragment holds #{shown(value)}, which is not iodata"

  defp place([]), do: "the term cannot be encoded"
  defp place(path), do: "the term cannot be encoded at #{Enum.map_join(path, &"[#{shown(&1)}]")}"

  # Values may be as large as the memory.
  defp shown(value) when is_bitstring(value) and byte_size(value) > 100,
    do: inspect(binary_part(value, 0, 80), printable_limit: 80) <> "…"

  defp shown(value), do: inspect(value, limit: 10, printable_limit: 100)
end
