defmodule Cantilever.Nif.Precompiled.Inspection do
  @moduledoc false
  # Looks into an archive whether it holds what its name says: the library of that name, for that target. What it
  # finds out goes into the checksum file. Pure.

  alias Cantilever.Nif.Precompiled.Archive
  alias Cantilever.Nif.Precompiled.Checksums
  alias Cantilever.Nif.Precompiled.Elf
  alias Cantilever.Nif.Precompiled.Naming

  # The entries of the archive in the checksum file.
  @spec entries(archive :: String.t(), binary()) :: {:ok, Checksums.t()} | {:error, String.t()}
  def entries(archive, bytes) do
    with {:ok, glibc} <- glibc(archive, bytes),
         do: {:ok, Checksums.entries(archive, bytes, glibc)}
  end

  @spec glibc(archive :: String.t(), binary()) ::
          {:ok, Elf.version() | nil} | {:error, String.t()}
  def glibc(archive, bytes) do
    {:ok, %{target: target}} = Naming.parse(archive)

    with {:ok, library} <- Archive.unpack(bytes, Naming.library_of(archive)),
         :ok <- fits(library, target, archive) do
      {:ok, if(target =~ "-linux-gnu", do: Elf.glibc_needed(library))}
    end
  end

  defp fits(library, target, archive) do
    found = kind(library)

    if found == expected(target),
      do: :ok,
      else:
        {:error,
         "The library in #{archive} is #{found || "no library that is known"}, and its name says that it is " <>
           "#{expected(target)}. Build it for this target, or give it the name of its own"}
  end

  defp kind(<<0x7F, "ELF", _::binary>> = library), do: "ELF for #{Elf.machine(library)}"
  defp kind(<<0xFEEDFACF::little-32, 0x01000007::little-32, _::binary>>), do: "Mach-O for x86_64"
  defp kind(<<0xFEEDFACF::little-32, 0x0100000C::little-32, _::binary>>), do: "Mach-O for aarch64"

  defp kind(<<"MZ", _::binary-size(58), offset::little-32, _::binary>> = library) do
    case library do
      <<_::binary-size(offset), "PE", 0, 0, 0x014C::little-16, _::binary>> -> "PE for i686"
      <<_::binary-size(offset), "PE", 0, 0, 0x8664::little-16, _::binary>> -> "PE for x86_64"
      <<_::binary-size(offset), "PE", 0, 0, 0xAA64::little-16, _::binary>> -> "PE for aarch64"
      _other -> nil
    end
  end

  defp kind(_library), do: nil

  defp expected(target) do
    [arch | _] = String.split(target, "-")

    cond do
      target =~ "-apple-" -> "Mach-O for #{arch}"
      target =~ "-windows" -> "PE for #{arch(arch)}"
      true -> "ELF for #{arch(arch)}"
    end
  end

  # Rust has several names for one machine.
  defp arch(arch) do
    cond do
      arch =~ ~r/\A(arm|thumb)v?\d?/ and not (arch =~ "64") -> "arm"
      arch =~ ~r/\Ai\d86\z/ -> "i686"
      true -> arch
    end
  end
end
