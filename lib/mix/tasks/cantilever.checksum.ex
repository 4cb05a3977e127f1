defmodule Mix.Tasks.Cantilever.Checksum do
  @shortdoc "Writes the checksum file of precompiled artifacts"

  @moduledoc """
  Writes the checksum file of a module's precompiled artifacts, `checksum-Elixir.MyApp.Native.exs`.

      $ mix cantilever.checksum MyApp.Native --from-dir artifacts

  The file belongs into the package: nothing that it does not vouch for is ever loaded. It needs every artifact that the
  module declares, of all targets, NIF versions and variants, either in a folder, such as one to which a workflow has
  downloaded what its jobs built, or at the module's `:base_url`:

      $ mix cantilever.checksum MyApp.Native --from-url

  The project is neither compiled nor started, so it does not matter that its own compilation needs this file. What the
  module declares is read from its source.

  Each archive is looked into: it must hold the library that its name promises, for that target. For glibc's targets the
  oldest version with which the library loads is written into the file too, so that a system with an older one can be
  told before it downloads anything. The file is in rustler_precompiled's format, which passes over those entries.

  ## Options

    * `--from-dir DIR` - the folder with the archives
    * `--from-url` - download them. Whoever can write to that place decides what the file vouches for, so take a folder
      where you can
    * `--ignore-missing` - leave out what is not there, and say so, instead of refusing. Users on those targets will
      need Rust
  #{Cantilever.Nif.Precompiled.CommandLine.docs()}
  ## Exit status

    * 0 - the file is written
    * 1 - it is not: there is a line for each reason
  """

  use Mix.Task

  alias Cantilever.Nif.Precompiled.Checksums
  alias Cantilever.Nif.Precompiled.CommandLine
  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Inspection
  alias Cantilever.Nif.Precompiled.Naming
  alias Cantilever.Nif.Precompiled.Origin

  @task "cantilever.checksum"
  @switches [from_dir: :string, from_url: :boolean, ignore_missing: :boolean]

  @impl Mix.Task
  def run(argv) do
    with {:ok, %{module: module, flags: flags, options: options}} <-
           CommandLine.parse(argv, @switches),
         {:ok, origin} <- Origin.from_options(options),
         {:ok, config} <- Config.from_source(module, File.cwd!(), flags) do
      write(config, origin, options[:ignore_missing] || false)
    else
      {:error, message} -> CommandLine.fail(@task, [message])
    end
  end

  defp write(config, origin, ignore_missing?) do
    results = for archive <- Naming.all(config), do: result(archive, config, origin)
    entries = for {:ok, entries} <- results, do: entries
    faults = for {:error, message} <- results, uniq: true, do: message
    missing = for {:missing, message} <- results, do: message

    cond do
      faults != [] or (missing != [] and not ignore_missing?) ->
        CommandLine.fail(@task, faults ++ missing ++ [refusal(config)])

      entries == [] ->
        CommandLine.fail(@task, missing ++ [refusal(config)])

      true ->
        Enum.each(missing, &Mix.shell().info("left out: #{&1}"))

        path =
          entries |> Enum.reduce(&Map.merge/2) |> Checksums.write!(config.module, File.cwd!())

        Mix.shell().info("#{Path.relative_to_cwd(path)} vouches for #{count(length(entries))}")
    end
  end

  defp result(archive, config, origin) do
    with {:ok, bytes} <- Origin.read(origin, config, archive),
         do: Inspection.entries(archive, bytes)
  end

  defp refusal(config) do
    "no checksum file is written. #{inspect(config.module)} declares #{count(length(Naming.all(config)))} of version " <>
      "#{config.version} in #{config.file}: build those that are missing with `mix cantilever.precompile`, declare " <>
      "fewer (:targets, :nif_versions, :variants), or leave them out with --ignore-missing"
  end

  defp count(1), do: "1 artifact"
  defp count(count), do: "#{count} artifacts"
end
