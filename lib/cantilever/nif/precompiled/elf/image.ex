defmodule Cantilever.Nif.Precompiled.Elf.Image do
  @moduledoc false
  # The header and the segments of an ELF file of 32 or 64 bits and either byte order, and ways to read its bytes
  # that stay within it. Pure.

  @enforce_keys [:bytes, :class, :endian, :machine, :flags, :segments]
  defstruct [:bytes, :class, :endian, :machine, :flags, :segments]

  @load 1
  @max_segments 256

  @type segment :: %{
          type: non_neg_integer(),
          offset: non_neg_integer(),
          address: non_neg_integer(),
          size: non_neg_integer()
        }
  @type t :: %__MODULE__{
          bytes: binary(),
          class: 32 | 64,
          endian: :little | :big,
          machine: non_neg_integer(),
          flags: non_neg_integer(),
          segments: [segment()]
        }

  @spec parse(binary()) :: {:ok, t()} | :error
  def parse(<<0x7F, "ELF", class, endian, _::binary>> = bytes)
      when class in 1..2 and endian in 1..2 do
    image = %__MODULE__{
      bytes: bytes,
      class: class * 32,
      endian: if(endian == 1, do: :little, else: :big),
      machine: 0,
      flags: 0,
      segments: []
    }

    # Where the fields of the header are, for each class.
    {table, flags, entry_size, count} =
      if class == 1, do: {28, 36, 42, 44}, else: {32, 48, 54, 56}

    with {:ok, machine} <- integer(image, 18, 16),
         {:ok, flags} <- integer(image, flags, 32),
         {:ok, table} <- word(image, table),
         {:ok, entry_size} <- integer(image, entry_size, 16),
         {:ok, count} <- integer(image, count, 16) do
      segments =
        for index <- 0..(min(count, @max_segments) - 1)//1,
            {:ok, segment} <- [segment(image, table + index * entry_size)],
            do: segment

      {:ok, %{image | machine: machine, flags: flags, segments: segments}}
    end
  end

  def parse(_bytes), do: :error

  @spec integer(t(), non_neg_integer(), 16 | 32 | 64) :: {:ok, non_neg_integer()} | :error
  def integer(%__MODULE__{endian: endian} = image, offset, bits) do
    case {slice(image, offset, div(bits, 8)), endian} do
      {{:ok, bytes}, endian} -> {:ok, :binary.decode_unsigned(bytes, endian)}
      {:error, _endian} -> :error
    end
  end

  # As wide as an address of the file's class.
  @spec word(t(), non_neg_integer()) :: {:ok, non_neg_integer()} | :error
  def word(%__MODULE__{class: class} = image, offset), do: integer(image, offset, class)

  @spec slice(t(), non_neg_integer(), non_neg_integer()) :: {:ok, binary()} | :error
  def slice(%__MODULE__{bytes: bytes}, offset, size) do
    if offset + size <= byte_size(bytes),
      do: {:ok, binary_part(bytes, offset, size)},
      else: :error
  end

  # Where in the file the bytes are that get this address.
  @spec offset(t(), non_neg_integer()) :: {:ok, non_neg_integer()} | :error
  def offset(%__MODULE__{segments: segments}, address) do
    holder =
      Enum.find(segments, fn segment ->
        segment.type == @load and address >= segment.address and
          address < segment.address + segment.size
      end)

    if holder, do: {:ok, address - holder.address + holder.offset}, else: :error
  end

  defp segment(%{class: class} = image, at) do
    {offset, address, size} = if class == 32, do: {4, 8, 16}, else: {8, 16, 32}

    with {:ok, type} <- integer(image, at, 32),
         {:ok, offset} <- word(image, at + offset),
         {:ok, address} <- word(image, at + address),
         {:ok, size} <- word(image, at + size) do
      {:ok, %{type: type, offset: offset, address: address, size: size}}
    end
  end
end
