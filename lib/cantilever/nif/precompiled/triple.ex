defmodule Cantilever.Nif.Precompiled.Triple do
  @moduledoc false
  # The parts of a system's name, brought from what configure scripts and distributions write to what Rust writes.
  # Pure.

  @enforce_keys [:arch, :vendor, :os, :abi]
  defstruct [:arch, :vendor, :os, :abi]

  @type t :: %__MODULE__{
          arch: String.t(),
          vendor: String.t() | nil,
          os: String.t(),
          abi: String.t() | nil
        }
  @type overrides :: %{optional(:arch | :vendor | :os | :abi) => String.t()}

  @spec parse(String.t()) :: t()
  def parse(text) do
    {arch, vendor, os, abi} =
      case String.split(text, "-") do
        [arch, "linux" <> _ = os, abi] -> {arch, nil, os, abi}
        [arch, vendor, os, abi | _] -> {arch, vendor, os, abi}
        [arch, vendor, os] -> {arch, vendor, os, nil}
        [arch, os] -> {arch, nil, os, nil}
        [arch] -> {arch, nil, "unknown", nil}
      end

    normal(%__MODULE__{arch: arch, vendor: vendor, os: os, abi: abi})
  end

  # A VM for Windows calls its system "win32", with 64 bits too.
  @spec windows(String.t(), wordsize :: pos_integer()) :: t()
  def windows(architecture, wordsize) do
    arch =
      cond do
        architecture =~ ~r/\A(aarch64|arm64)/ -> "aarch64"
        wordsize == 4 -> "i686"
        true -> "x86_64"
      end

    %__MODULE__{arch: arch, vendor: "pc", os: "windows", abi: "msvc"}
  end

  # What a cross build says of its target stands above what is known of this system. The rest of it stays only as
  # far as it belongs together.
  @spec override(t(), overrides()) :: {:ok, t()} | {:error, String.t()}
  def override(own, overrides) when overrides == %{}, do: {:ok, own}

  def override(own, overrides) do
    os = overrides[:os] || own.os
    abi = overrides[:abi] || if(os == own.os, do: own.abi, else: default_abi(os))

    if os == "linux" and abi == nil,
      do: {:error, "TARGET_OS=linux needs a TARGET_ABI, such as gnu, gnueabihf or musl"},
      else:
        {:ok,
         normal(%__MODULE__{
           arch: overrides[:arch] || own.arch,
           vendor: overrides[:vendor],
           os: os,
           abi: abi
         })}
  end

  @spec to_string(t()) :: String.t()
  def to_string(%__MODULE__{} = triple) do
    [triple.arch, triple.vendor, triple.os, triple.abi]
    |> Enum.reject(&is_nil/1)
    |> Enum.join("-")
  end

  defp normal(%{os: os} = triple) do
    cond do
      os =~ "darwin" ->
        %{triple | arch: apple(triple.arch), vendor: "apple", os: "darwin", abi: nil}

      os =~ "linux" ->
        arch = arch(triple.arch)

        %{
          triple
          | arch: arch,
            vendor: vendor(triple.vendor),
            os: "linux",
            abi: abi(triple.abi, arch)
        }

      os =~ "windows" ->
        %{triple | vendor: triple.vendor || "pc"}

      bsd = Enum.find(~w(freebsd openbsd netbsd dragonfly), &String.starts_with?(os, &1)) ->
        %{triple | arch: arch(triple.arch), vendor: "unknown", os: bsd, abi: nil}

      true ->
        %{triple | arch: arch(triple.arch), vendor: triple.vendor || "unknown"}
    end
  end

  # Names of distributions, where Rust has but few of its own.
  defp vendor(vendor) when vendor in ~w(openwrt unikraft wali), do: vendor
  defp vendor(_vendor), do: "unknown"

  defp apple("arm" <> _), do: "aarch64"
  defp apple(arch), do: arch(arch)

  defp arch("amd64"), do: "x86_64"
  defp arch("arm64"), do: "aarch64"
  defp arch("riscv64"), do: "riscv64gc"
  defp arch("riscv32"), do: "riscv32gc"
  defp arch("ppc64le"), do: "powerpc64le"
  defp arch(<<"i", digit, "86">>) when digit in ?3..?6, do: "i686"
  # A library for the least of them runs on all.
  defp arch(<<"armv", digit, rest::binary>>)
       when digit in ?6..?7 and rest in ["", "l", "hl", "hf"],
       do: "arm"

  defp arch("armhf"), do: "arm"
  defp arch(arch), do: arch

  # What calls itself Linux and no more runs on glibc (x86_64-suse-linux).
  defp abi(nil, arch), do: abi("gnu", arch)
  defp abi(abi, "arm") when abi in ["gnu", "musl"], do: abi <> "eabihf"
  defp abi(abi, _arch), do: abi

  defp default_abi("windows"), do: "msvc"
  defp default_abi(_os), do: nil
end
