defmodule Cantilever.Nif.Precompiled.Target do
  @moduledoc false
  # For which target the libraries of this VM are built, as Rust names it. On Linux the VM's own executable tells,
  # through the program that loads it: the triple with which the VM was configured says too little (x86_64-suse-linux)
  # or something of the distribution's own (x86_64-alpine-linux-musl). `facts/0` looks, `detect/1` is pure.

  alias Cantilever.Nif.Precompiled.Elf
  alias Cantilever.Nif.Precompiled.Libc
  alias Cantilever.Nif.Precompiled.Triple

  # `mapped` are the files from which the VM has mapped something, `libc` is the content of glibc's own.
  @type facts :: %{
          os: {:unix | :win32, atom()},
          architecture: String.t(),
          wordsize: pos_integer(),
          nif_version: String.t(),
          env: %{String.t() => String.t()},
          executable: binary() | nil,
          mapped: [Path.t()],
          libc: binary() | nil
        }

  @type t :: %{
          target: String.t(),
          glibc: Elf.version() | nil,
          nif_version: {non_neg_integer(), non_neg_integer()}
        }

  @overrides %{
    "TARGET_ARCH" => :arch,
    "TARGET_VENDOR" => :vendor,
    "TARGET_OS" => :os,
    "TARGET_ABI" => :abi
  }

  @spec running() :: {:ok, t()} | {:error, String.t()}
  def running, do: detect(facts())

  @spec facts() :: facts()
  def facts do
    # The VM reads these itself, so they are its own.
    mapped = Libc.mapped(read("/proc/self/maps") || "")

    %{
      os: :os.type(),
      architecture: to_string(:erlang.system_info(:system_architecture)),
      wordsize: :erlang.system_info(:wordsize),
      nif_version: to_string(:erlang.system_info(:nif_version)),
      env: Map.take(System.get_env(), Map.keys(@overrides)),
      executable: read("/proc/self/exe"),
      mapped: mapped,
      libc: if(path = Libc.glibc_file(mapped), do: read(path))
    }
  end

  @spec detect(facts()) :: {:ok, t()} | {:error, String.t()}
  def detect(facts) do
    overrides =
      for {name, value} <- facts.env, value != "", into: %{}, do: {@overrides[name], value}

    case Triple.override(own(facts), overrides) do
      {:ok, triple} ->
        {:ok,
         %{
           target: Triple.to_string(triple),
           # Of the system that a cross build is for, nothing is known.
           glibc:
             if(overrides == %{} and glibc?(triple), do: Libc.version(facts.libc, facts.mapped)),
           nif_version: nif_version(facts.nif_version)
         }}

      {:error, problem} ->
        {:error,
         "The target of the build is not known: #{problem}. Correct the TARGET_ variables in the environment"}
    end
  end

  defp own(%{os: {:win32, _name}} = facts), do: Triple.windows(facts.architecture, facts.wordsize)

  defp own(%{os: {:unix, :linux}} = facts) do
    configured = Triple.parse(facts.architecture)
    executable = facts.executable || ""
    loader = Elf.interpreter(executable) || ""
    arch = Elf.machine(executable) || configured.arch
    libc = Libc.of(loader) || Enum.find_value(facts.mapped, &Libc.of/1)

    case libc do
      # A system of its own, without a vendor.
      :android ->
        %{configured | arch: arch, vendor: nil, abi: "android"}

      nil ->
        %{configured | arch: arch}

      libc ->
        %{configured | arch: arch, abi: "#{libc}#{abi(arch, executable, loader, configured)}"}
    end
  end

  defp own(facts), do: Triple.parse(facts.architecture)

  # How floating-point numbers are passed: rarely by soft means, and then something says so.
  defp abi("arm", executable, loader, configured) do
    float =
      cond do
        Elf.float_abi(executable) -> Elf.float_abi(executable)
        loader =~ "armhf" -> :hard
        (configured.abi || "") =~ ~r/eabi\z/ -> :soft
        true -> :hard
      end

    if float == :hard, do: "eabihf", else: "eabi"
  end

  defp abi("mips64" <> _, _executable, _loader, _configured), do: "abi64"

  defp abi("x86_64", <<0x7F, "ELF", 1, _::binary>>, _loader, _configured), do: "x32"
  defp abi(_arch, _executable, _loader, _configured), do: ""

  defp glibc?(triple), do: triple.os == "linux" and String.starts_with?(triple.abi || "", "gnu")

  defp nif_version(text) do
    [major, minor | _] = String.split(text, ".")
    {String.to_integer(major), String.to_integer(minor)}
  end

  defp read(path) do
    case File.read(path) do
      {:ok, content} -> content
      {:error, _reason} -> nil
    end
  end
end
