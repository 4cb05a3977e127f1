defmodule Cantilever.Bench.Machine do
  @moduledoc """
  Names the machine that a bench ran on, as far as its figures depend on it.
  """

  @type t :: %{
          cpu: String.t(),
          cores: pos_integer,
          otp: String.t(),
          elixir: String.t(),
          rustc: String.t(),
          kernel: String.t()
        }

  @doc "The machine and the versions that this VM runs on; \"unknown\" where the system does not tell."
  @spec describe() :: t
  def describe do
    %{
      cpu: cpu(:os.type()),
      cores: System.schedulers_online(),
      otp: otp(),
      elixir: System.version(),
      rustc: first_line("rustc", ["--version"]) |> String.replace_prefix("rustc ", ""),
      kernel: first_line("uname", ["-sr"])
    }
  end

  @doc "The resident memory of this VM, or of another process of the system; nil where the system has no /proc."
  @spec resident_bytes(os_pid :: String.t()) :: non_neg_integer | nil
  def resident_bytes(os_pid \\ "self") do
    with {:ok, status} <- File.read("/proc/#{os_pid}/status"),
         [_, kilobytes] <- Regex.run(~r/^VmRSS:\s+(\d+) kB/m, status) do
      String.to_integer(kilobytes) * 1_024
    else
      _none -> nil
    end
  end

  defp cpu({:unix, :darwin}), do: first_line("sysctl", ["-n", "machdep.cpu.brand_string"])

  defp cpu(_system) do
    # Arm's kernel gives no model name there.
    with {:ok, text} <- File.read("/proc/cpuinfo"),
         [_line, model] <- Regex.run(~r/^model name\s*:\s*(.+)$/m, text) do
      model
    else
      _no_model -> first_line("uname", ["-m"])
    end
  end

  defp otp do
    release = System.otp_release()

    case File.read(Path.join([:code.root_dir(), "releases", release, "OTP_VERSION"])) do
      {:ok, version} -> String.trim(version)
      {:error, _reason} -> release
    end
  end

  defp first_line(command, arguments) do
    with path when is_binary(path) <- System.find_executable(command),
         {output, 0} <- System.cmd(path, arguments, stderr_to_stdout: true),
         [line | _rest] when line != "" <- String.split(output, "\n") do
      line
    else
      _missing_or_failed -> "unknown"
    end
  end
end
