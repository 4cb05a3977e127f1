defmodule Cantilever.Nif.Precompiled.Elf do
  @moduledoc false
  # What an ELF file says about the system that it runs on, as that system's loader would read it: from the segments,
  # because sections may be stripped. Any bytes will do, and what makes no sense is nil. Pure.

  import Bitwise, only: [band: 2]

  alias Cantilever.Nif.Precompiled.Elf.Image
  alias Cantilever.Nif.Precompiled.Elf.VersionNeeds

  @interpreter 3

  # Of the processor's flags in the header.
  @arm_hard_float 0x400
  @arm_soft_float 0x200

  @type version :: {non_neg_integer(), non_neg_integer()}

  # The oldest glibc that has all symbols, or nil if none of glibc's is needed.
  @spec glibc_needed(binary()) :: version() | nil
  def glibc_needed(bytes) do
    with {:ok, image} <- Image.parse(bytes) do
      image |> VersionNeeds.names() |> Enum.flat_map(&glibc/1) |> Enum.max(fn -> nil end)
    else
      :error -> nil
    end
  end

  # The program that loads this one, such as "/lib64/ld-linux-x86-64.so.2".
  @spec interpreter(binary()) :: String.t() | nil
  def interpreter(bytes) do
    with {:ok, image} <- Image.parse(bytes),
         %{offset: offset, size: size} <- Enum.find(image.segments, &(&1.type == @interpreter)),
         {:ok, path} <- Image.slice(image, offset, min(size, 4096)),
         [path, _rest] <- :binary.split(path, "\0"),
         true <- String.valid?(path) and path != "" do
      path
    else
      _other -> nil
    end
  end

  # The processor, as Rust names it in its targets.
  @spec machine(binary()) :: String.t() | nil
  def machine(bytes) do
    case Image.parse(bytes) do
      {:ok, image} -> name(image.machine, image.class, image.endian)
      :error -> nil
    end
  end

  # How a program for arm passes floating-point numbers.
  @spec float_abi(binary()) :: :hard | :soft | nil
  def float_abi(bytes) do
    with {:ok, %{machine: 0x28, flags: flags}} <- Image.parse(bytes) do
      cond do
        band(flags, @arm_hard_float) != 0 -> :hard
        band(flags, @arm_soft_float) != 0 -> :soft
        true -> nil
      end
    else
      _other -> nil
    end
  end

  # GLIBC_ABI_DT_RELR is no symbol's version but a way to relocate, which came with 2.36.
  defp glibc("GLIBC_ABI_DT_RELR"), do: [{2, 36}]

  defp glibc(name) do
    case Regex.run(~r/\AGLIBC_(\d{1,3})\.(\d{1,3})(?:\.\d+)?\z/, name) do
      [_, major, minor] -> [{String.to_integer(major), String.to_integer(minor)}]
      nil -> []
    end
  end

  defp name(0x03, 32, :little), do: "i686"
  defp name(0x08, 32, :big), do: "mips"
  defp name(0x08, 32, :little), do: "mipsel"
  defp name(0x08, 64, :big), do: "mips64"
  defp name(0x08, 64, :little), do: "mips64el"
  defp name(0x14, 32, :big), do: "powerpc"
  defp name(0x15, 64, :big), do: "powerpc64"
  defp name(0x15, 64, :little), do: "powerpc64le"
  defp name(0x16, 64, :big), do: "s390x"
  defp name(0x28, 32, :little), do: "arm"
  defp name(0x3E, _class, :little), do: "x86_64"
  defp name(0xB7, 64, :little), do: "aarch64"
  defp name(0xB7, 64, :big), do: "aarch64_be"
  defp name(0xF3, 32, :little), do: "riscv32gc"
  defp name(0xF3, 64, :little), do: "riscv64gc"
  defp name(0x102, 64, :little), do: "loongarch64"
  defp name(_machine, _class, _endian), do: nil
end
