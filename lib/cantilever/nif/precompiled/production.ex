defmodule Cantilever.Nif.Precompiled.Production do
  @moduledoc false
  # Makes an artifact: builds the crate for a target, packs the library, and puts the archive into a folder.

  alias Cantilever.AtomicFile
  alias Cantilever.Nif.Cargo
  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.Archive
  alias Cantilever.Nif.Precompiled.Checksums
  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Elf
  alias Cantilever.Nif.Precompiled.Inspection
  alias Cantilever.Nif.Precompiled.Naming
  alias Cantilever.Nif.Precompiled.Reproducible

  @type product :: %{
          path: Path.t(),
          size: non_neg_integer(),
          library_size: non_neg_integer(),
          glibc: Elf.version() | nil,
          digest: String.t()
        }

  # Which artifact is to be made; its target, NIF version and variant must be among the declared ones.
  @spec artifact(Config.t(), String.t(), String.t() | nil, String.t() | nil) ::
          {:ok, Naming.artifact()} | {:error, String.t()}
  def artifact(config, target, nif_version, variant) do
    variants = Map.get(config.variants, target, [])

    with :ok <- declared(config, "target", target, config.targets, "--targets"),
         {:ok, nif_version} <- nif_version(config, nif_version),
         :ok <-
           declared(config, "NIF version", nif_version, config.nif_versions, "--nif-versions"),
         :ok <- declared(config, "variant for #{target}", variant, [nil | variants], nil) do
      {:ok,
       %{
         basename: config.basename,
         version: config.version,
         nif_version: nif_version,
         target: target,
         variant: variant
       }}
    end
  end

  @spec make(Config.t(), Naming.artifact(), Path.t()) :: {:ok, product()} | {:error, String.t()}
  def make(config, artifact, out) do
    archive = Naming.archive(artifact)

    with {:ok, options} <- options(config, artifact),
         {options, flags} =
           Reproducible.prepare(options, File.cwd!(), Mix.Project.deps_paths() |> named()),
         {:ok, file} <- Cargo.build(options, flags),
         library = File.read!(file),
         bytes = Archive.pack(Naming.library(artifact), library),
         {:ok, glibc} <- Inspection.glibc(archive, bytes) do
      path = Path.join(out, archive)
      File.mkdir_p!(out)
      AtomicFile.write!(path, bytes)

      {:ok,
       %{
         path: path,
         size: byte_size(bytes),
         library_size: byte_size(library),
         glibc: glibc,
         digest: Checksums.digest(bytes)
       }}
    end
  end

  defp named(paths), do: Map.new(paths, fn {app, path} -> {Atom.to_string(app), path} end)

  defp options(config, artifact) do
    with {:ok, build} <- config.build do
      # Rustler's older versions take the NIF version from there.
      env = [{"RUSTLER_NIF_VERSION", artifact.nif_version} | build[:env] || []]

      given =
        Keyword.merge(build,
          otp_app: config.otp_app,
          mode: :release,
          target: artifact.target,
          env: env
        )

      {:ok, Options.new!(config.module, given, [])}
    end
  rescue
    error in ArgumentError -> {:error, error.message}
  end

  defp nif_version(_config, nif_version) when is_binary(nif_version), do: {:ok, nif_version}
  defp nif_version(%{nif_versions: [nif_version]}, nil), do: {:ok, nif_version}

  defp nif_version(config, nil) do
    {:error,
     "#{inspect(config.module)} declares the NIF versions #{Enum.join(config.nif_versions, ", ")}. " <>
       "Pass --nif-version with one of them, and have the crate built for it"}
  end

  defp declared(config, what, value, values, flag) do
    if value in values,
      do: :ok,
      else:
        {:error,
         "#{inspect(config.module)} declares no #{what} #{value}, so nobody would look for it. It declares: " <>
           "#{values |> Enum.reject(&is_nil/1) |> Enum.join(", ")}. Add it in #{config.file}" <>
           if(flag, do: ", or pass #{flag}", else: "")}
  end
end
