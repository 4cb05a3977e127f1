defmodule Mix.Tasks.Cantilever.Verify do
  @shortdoc "Checks that all precompiled artifacts can be had and match"

  @moduledoc """
  Checks that the precompiled artifacts of a module can be had and match its checksum file.

      $ mix cantilever.verify MyApp.Native

  Every artifact that the module declares, of all targets, NIF versions and variants, must have an entry in
  `checksum-Elixir.MyApp.Native.exs`, be there at its `:base_url`, match the entry, and hold the library that its name
  promises. Run it before a release is published, or have Mix do so:

      # mix.exs
      defp aliases, do: ["hex.build": ["cantilever.verify MyApp.Native", "hex.build"]]

  The project is neither compiled nor started. What the module declares is read from its source.

  ## Options

    * `--from-dir DIR` - take the artifacts from a folder instead, such as before they are uploaded
  #{Cantilever.Nif.Precompiled.CommandLine.docs()}
  ## Exit status

    * 0 - all is well
    * 1 - it is not: there is a line for each fault
  """

  use Mix.Task

  alias Cantilever.Nif.Precompiled.Checksums
  alias Cantilever.Nif.Precompiled.CommandLine
  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Inspection
  alias Cantilever.Nif.Precompiled.Naming
  alias Cantilever.Nif.Precompiled.Origin

  @task "cantilever.verify"
  @switches [from_dir: :string]

  @impl Mix.Task
  def run(argv) do
    with {:ok, %{module: module, flags: flags, options: options}} <-
           CommandLine.parse(argv, @switches),
         {:ok, origin} <-
           Origin.from_options(Keyword.put_new(options, :from_url, options[:from_dir] == nil)),
         {:ok, config} <- Config.from_source(module, File.cwd!(), flags),
         {:ok, checksums} <- Checksums.read(module, File.cwd!()) do
      archives = Naming.all(config)

      case for(
             archive <- archives,
             message = fault(archive, config, origin, checksums),
             do: message
           ) do
        [] ->
          path = Path.basename(Checksums.path(module, ""))
          Mix.shell().info("#{length(archives)} declared, all of them there and as #{path} says")

        faults ->
          CommandLine.fail(@task, Enum.uniq(faults))
      end
    else
      {:error, message} -> CommandLine.fail(@task, [message])
    end
  end

  # What is not in the file need not be downloaded.
  defp fault(archive, config, origin, checksums) do
    with {:ok, _digest} <- entry(archive, checksums),
         {:ok, bytes} <- Origin.read(origin, config, archive),
         :ok <- Checksums.verify(checksums, archive, bytes),
         {:ok, found} <- Inspection.entries(archive, bytes),
         :ok <- glibc(archive, checksums, found) do
      nil
    else
      {_kind, message} -> message
    end
  end

  defp entry(archive, checksums) do
    with :error <- Map.fetch(checksums, archive),
         do:
           {:error,
            "#{archive} is declared, but the checksum file has no entry for it. Write it anew with `mix cantilever.checksum`"}
  end

  # A file that others have made says nothing about it.
  defp glibc(archive, checksums, found) do
    said = Checksums.glibc(checksums, archive)
    needed = Checksums.glibc(found, archive)

    if said in [nil, needed],
      do: :ok,
      else:
        {:error,
         "#{archive} needs glibc #{version(needed)}, but the checksum file says #{version(said)}. Write it anew with " <>
           "`mix cantilever.checksum`"}
  end

  defp version(nil), do: "of any version"
  defp version({major, minor}), do: "#{major}.#{minor}"
end
