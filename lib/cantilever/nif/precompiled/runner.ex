defmodule Cantilever.Nif.Precompiled.Runner do
  @moduledoc false
  # On which of GitHub's machines a target is built, and with what beside Rust. Libraries for glibc are built on the
  # oldest system on offer, because a glibc is compatible with later ones only; those for musl in a container of a
  # system that has it; others on their own systems. Pure.

  # `package` is a linker for another machine and what it is called, `container?` stands for Alpine.
  @type t :: %{
          os: String.t(),
          package: {String.t(), linker :: String.t()} | nil,
          container?: boolean()
        }

  @runners %{
    "aarch64-apple-darwin" => %{os: "macos-latest"},
    "x86_64-apple-darwin" => %{os: "macos-latest"},
    "aarch64-unknown-linux-gnu" => %{os: "ubuntu-22.04-arm"},
    "x86_64-unknown-linux-gnu" => %{os: "ubuntu-22.04"},
    "aarch64-unknown-linux-musl" => %{os: "ubuntu-22.04-arm", container?: true},
    "x86_64-unknown-linux-musl" => %{os: "ubuntu-22.04", container?: true},
    "arm-unknown-linux-gnueabihf" => %{
      os: "ubuntu-22.04",
      package: {"gcc-arm-linux-gnueabihf", "arm-linux-gnueabihf-gcc"}
    },
    "riscv64gc-unknown-linux-gnu" => %{
      os: "ubuntu-22.04",
      package: {"gcc-riscv64-linux-gnu", "riscv64-linux-gnu-gcc"}
    },
    "x86_64-pc-windows-gnu" => %{os: "windows-latest"},
    "x86_64-pc-windows-msvc" => %{os: "windows-latest"}
  }

  @spec find(target :: String.t()) :: {:ok, t()} | :error
  def find(target) do
    with {:ok, runner} <- Map.fetch(@runners, target),
         do: {:ok, Map.merge(%{package: nil, container?: false}, runner)}
  end

  @spec targets() :: [String.t()]
  def targets, do: @runners |> Map.keys() |> Enum.sort()
end
