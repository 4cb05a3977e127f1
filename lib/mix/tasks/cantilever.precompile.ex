defmodule Mix.Tasks.Cantilever.Precompile do
  @shortdoc "Builds the precompiled artifacts of a module"

  @moduledoc """
  Builds the precompiled artifacts of a module, for users who have no Rust.

      $ mix cantilever.precompile MyApp.Native --target x86_64-unknown-linux-gnu --target aarch64-unknown-linux-gnu

  For each target it builds the crate with cargo in release mode, and packs the library into `artifacts`, under the name
  that `Cantilever.Nif` and rustler_precompiled look for:

      libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz
        1.2 MB, 2.9 MB unpacked, glibc 2.17 or later
        sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

  The Elixir project itself is neither compiled nor started. What the module declares is read from its source.

  Symbols are stripped unless `CARGO_PROFILE_RELEASE_STRIP` says otherwise, and paths of this machine are replaced, so
  that the same sources give the same bytes wherever they are built, by the same versions of Rust, OTP and zlib. Path
  dependencies of the crate have to lie inside its cargo workspace for that, because cargo takes other paths into
  account as they are.

  A glibc is compatible with later ones only: build on a system as old as the oldest one to be supported, or with a
  linker that takes a version, such as `cargo zigbuild`'s.

  ## Options

    * `--target T` - one of the declared targets; may be given several times. Cross targets need `rustup target add T`
      and a linker for it. Default: that of this machine
    * `--nif-version V` - one of the declared NIF versions. Default: the declared one, if it is one
    * `--variant NAME` - one of the target's declared variants. What makes it one, such as `RUSTFLAGS`, is up to you
    * `--out DIR` - where the archives are put. Default: `artifacts`
  #{Cantilever.Nif.Precompiled.CommandLine.docs()}
  ## Exit status

    * 0 - all artifacts are there
    * 1 - one could not be made: the reason is printed
  """

  use Mix.Task

  alias Cantilever.Nif.Precompiled.CommandLine
  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Production
  alias Cantilever.Nif.Precompiled.Target

  @switches [target: [:string, :keep], nif_version: :string, variant: :string, out: :string]

  @impl Mix.Task
  def run(argv) do
    with {:ok, %{module: module, flags: flags, options: options}} <-
           CommandLine.parse(argv, @switches),
         {:ok, config} <- Config.from_source(module, File.cwd!(), flags),
         {:ok, targets} <- targets(Keyword.get_values(options, :target)),
         {:ok, artifacts} <- artifacts(config, targets, options) do
      make(config, artifacts, Path.expand(options[:out] || "artifacts"))
    else
      {:error, message} -> CommandLine.fail("cantilever.precompile", [message])
    end
  end

  defp targets([]) do
    with {:ok, %{target: target}} <- Target.running(), do: {:ok, [target]}
  end

  defp targets(targets), do: {:ok, Enum.uniq(targets)}

  # All are checked before the first is built.
  defp artifacts(config, targets, options) do
    made =
      Enum.map(
        targets,
        &Production.artifact(config, &1, options[:nif_version], options[:variant])
      )

    case Enum.find(made, &match?({:error, _message}, &1)) do
      nil -> {:ok, for({:ok, artifact} <- made, do: artifact)}
      error -> error
    end
  end

  defp make(config, artifacts, out) do
    Enum.each(artifacts, fn artifact ->
      case Production.make(config, artifact, out) do
        {:ok, product} -> Mix.shell().info(describe(product))
        {:error, message} -> CommandLine.fail("cantilever.precompile", [message])
      end
    end)
  end

  defp describe(product) do
    glibc =
      case product.glibc do
        {major, minor} -> ", glibc #{major}.#{minor} or later"
        nil -> ""
      end

    "#{Path.relative_to_cwd(product.path)}\n  #{megabytes(product.size)}, " <>
      "#{megabytes(product.library_size)} unpacked#{glibc}\n  #{product.digest}"
  end

  defp megabytes(bytes) when bytes < 100_000, do: "#{Float.round(bytes / 1_000, 1)} kB"
  defp megabytes(bytes), do: "#{Float.round(bytes / 1_000_000, 1)} MB"
end
