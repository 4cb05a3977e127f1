defmodule Cantilever.Nif.Library do
  @moduledoc false
  # What the bytes of a native library tell without loading it: its file format, the machines it runs on,
  # whether it is the kit's, and the functions that `#[cantilever::nif]` notes in it as
  # `cantilever.nif=NAME/ARITY SCHEDULE\n`. Pure.
  #
  # `cantilever::init!` notes itself too, so that a library is known as the kit's though all of its functions are
  # plain rustler's, which leave no note.

  import Bitwise, only: [band: 2]

  @enforce_keys [:format, :machines, :kit?, :functions]
  defstruct [:format, :machines, :kit?, :functions]

  @init "cantilever.init=1\n"

  @type format :: :elf | :mach_o | :pe | :unknown
  @type schedule :: :normal | :dirty_cpu | :dirty_io | :yielding
  @type function_entry :: {atom(), arity(), schedule()}
  @type t :: %__MODULE__{
          format: format(),
          machines: [String.t()],
          kit?: boolean(),
          functions: [function_entry()]
        }

  @schedules %{
    "Normal" => :normal,
    "DirtyCpu" => :dirty_cpu,
    "DirtyIo" => :dirty_io,
    "Yielding" => :yielding
  }

  @spec parse(binary()) :: t()
  def parse(binary) do
    {format, machines} = header(binary)
    functions = functions(binary)
    kit? = functions != [] or :binary.match(binary, @init) != :nomatch
    %__MODULE__{format: format, machines: machines, kit?: kit?, functions: functions}
  end

  @spec read(Path.t()) :: {:ok, t()} | {:error, File.posix()}
  def read(path) do
    with {:ok, binary} <- File.read(path), do: {:ok, parse(binary)}
  end

  # What this VM can load. An unknown format or machine means that nothing can be said.
  @spec host() :: {format(), String.t() | nil}
  def host do
    format =
      case :os.type() do
        {:unix, :darwin} -> :mach_o
        {:win32, _name} -> :pe
        _other -> :elf
      end

    {format, host_machine(to_string(:erlang.system_info(:system_architecture)))}
  end

  @spec check(t(), {format(), String.t() | nil}) :: :ok | {:error, String.t()}
  def check(%__MODULE__{format: :unknown}, _host),
    do: {:error, "it is no shared library of a known format (ELF, Mach-O, PE)"}

  def check(%__MODULE__{} = library, {format, machine}) do
    fits? =
      library.format == format and
        (machine == nil or library.machines == [] or machine in library.machines)

    if fits? do
      :ok
    else
      {:error,
       "it is built for #{describe(library.format, library.machines)}, " <>
         "but this VM loads #{describe(format, List.wrap(machine))}"}
    end
  end

  defp describe(format, machines) do
    name = %{elf: "ELF (Linux, BSD)", mach_o: "Mach-O (macOS)", pe: "PE (Windows)"}[format]
    "#{Enum.join(machines, " and ")} #{name}"
  end

  defp host_machine("x86_64" <> _), do: "x86_64"
  defp host_machine("amd64" <> _), do: "x86_64"
  defp host_machine("aarch64" <> _), do: "aarch64"
  defp host_machine("arm64" <> _), do: "aarch64"
  defp host_machine("arm-apple" <> _), do: "aarch64"
  defp host_machine("arm" <> _), do: "arm"
  defp host_machine("riscv64" <> _), do: "riscv64"
  defp host_machine(<<"i", digit, "86", _::binary>>) when digit in ?3..?6, do: "x86"
  defp host_machine(_other), do: nil

  defp header(<<0x7F, "ELF", _class, 1, _::binary-size(12), machine::little-16, _::binary>>),
    do: {:elf, elf_machine(machine)}

  defp header(<<0x7F, "ELF", _class, 2, _::binary-size(12), machine::big-16, _::binary>>),
    do: {:elf, elf_machine(machine)}

  defp header(<<magic::little-32, type::little-32, _::binary>>)
       when magic in [0xFEEDFACF, 0xFEEDFACE],
       do: {:mach_o, mach_machine(type)}

  defp header(<<0xCAFEBABE::32, count::32, rest::binary>>) when count in 1..16 do
    types =
      for <<type::32,
            _::binary-size(16) <- binary_part(rest, 0, min(byte_size(rest), count * 20))>>,
          do: type

    {:mach_o, Enum.flat_map(types, &mach_machine/1)}
  end

  defp header(<<"MZ", _::binary-size(58), offset::little-32, _::binary>> = binary) do
    case binary do
      <<_::binary-size(offset), "PE", 0, 0, machine::little-16, _::binary>> ->
        {:pe, pe_machine(machine)}

      _other ->
        {:unknown, []}
    end
  end

  defp header(_binary), do: {:unknown, []}

  defp elf_machine(0x03), do: ["x86"]
  defp elf_machine(0x28), do: ["arm"]
  defp elf_machine(0x3E), do: ["x86_64"]
  defp elf_machine(0xB7), do: ["aarch64"]
  defp elf_machine(0xF3), do: ["riscv64"]
  defp elf_machine(other), do: ["machine #{other}"]

  defp mach_machine(0x01000007), do: ["x86_64"]
  defp mach_machine(0x0100000C), do: ["aarch64"]
  defp mach_machine(other), do: ["cpu type #{band(other, 0xFFFFFF)}"]

  defp pe_machine(0x014C), do: ["x86"]
  defp pe_machine(0x8664), do: ["x86_64"]
  defp pe_machine(0xAA64), do: ["aarch64"]
  defp pe_machine(other), do: ["machine #{other}"]

  defp functions(binary) do
    # Looking for the plain prefix first keeps the regular expression away from megabytes of machine code.
    binary
    |> :binary.matches("cantilever.nif=")
    |> Enum.flat_map(fn {start, _length} ->
      line = binary_part(binary, start, min(300, byte_size(binary) - start))

      case Regex.run(function_line(), line, return: :index) do
        [{0, _} | groups] ->
          [name, arity, schedule] =
            for {from, length} <- groups, do: binary_part(line, from, length)

          [{String.to_atom(name), String.to_integer(arity), Map.fetch!(@schedules, schedule)}]

        _other ->
          []
      end
    end)
    |> Enum.uniq()
    |> Enum.sort()
  end

  # In a function, because since OTP 28 a compiled expression cannot live in a module attribute.
  defp function_line,
    do: ~r"\Acantilever\.nif=([^\s/\x00]{1,255})/(\d{1,3}) (Normal|DirtyCpu|DirtyIo|Yielding)\n"
end
