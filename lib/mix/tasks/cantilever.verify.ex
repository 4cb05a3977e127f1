defmodule Mix.Tasks.Cantilever.Verify do
  @shortdoc "Checks that all precompiled artifacts can be had and match"

  @moduledoc """
  Checks that the precompiled artifacts of a module can be had and match its checksum file.

      $ mix cantilever.verify MyApp.Native

  Every artifact that the module declares, of all targets, NIF versions and variants, must have an entry in
  `checksum-Elixir.MyApp.Native.exs`, be there at its `:base_url`, match the entry, and hold the library that its name
  promises. Of several mirrors each must have all of them, as users are sent from one to the next. A mirror that is a
  function is named and passed over, as no code of the project is run: pass `--base-url` with where it leads.

  Run it before a release is published, or have Mix do so, with `aliases: aliases()` among the settings of the project in
  `mix.exs`. (Publishing builds the package by itself, without the task `hex.build`, so both need it.)

      defp aliases do
        [
          "hex.build": ["cantilever.verify MyApp.Native", "hex.build"],
          "hex.publish": ["cantilever.verify MyApp.Native", "hex.publish"]
        ]
      end

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
  alias Cantilever.Nif.Precompiled.Fetch.Link
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
         {:ok, checksums} <- Checksums.read(module, File.cwd!()),
         {:ok, places} <- places(origin, config) do
      archives = Naming.all(config)

      # What is not in the file need not be downloaded.
      {known, unknown} = Enum.split_with(archives, &Map.has_key?(checksums, &1))
      faults = for place <- places, fault <- faults(place, known, config, checksums), do: fault
      for {:unasked, text} <- places, do: Mix.shell().info("not checked: #{text}")

      case Enum.uniq(faults ++ Enum.map(unknown, &no_entry/1)) do
        [] -> Mix.shell().info(praise(module, archives, places))
        faults -> CommandLine.fail(@task, faults)
      end
    else
      {:error, message} -> CommandLine.fail(@task, [message])
    end
  end

  # Where all artifacts must be, each with a name if there are several.
  defp places(:url, config) do
    with {:ok, _urls} <- Config.urls(config, "") do
      {:ok,
       config.mirrors
       |> Enum.with_index(1)
       |> Enum.map(fn
         {{:url, url}, _position} when length(config.mirrors) == 1 ->
           {:asked, nil, {:mirror, url}}

         {{:url, url}, position} ->
           {:asked, "mirror #{position} (#{shown(url)})", {:mirror, url}}

         {{:unasked, what}, position} ->
           {:unasked, "mirror #{position} is #{what}"}

         {{:wrong, flaw}, position} ->
           {:wrong, "mirror #{position} is wrong: #{flaw}"}
       end)}
    end
  end

  defp places(origin, _config), do: {:ok, [{:asked, nil, origin}]}

  defp shown(url) do
    {:ok, link} = Link.new(url)
    Link.show(link)
  end

  defp faults({:asked, name, origin}, archives, config, checksums) do
    for archive <- archives,
        fault = fault(archive, config, origin, checksums),
        do: if(name, do: "#{name}: #{fault}", else: fault)
  end

  defp faults({:wrong, text}, _archives, _config, _checksums), do: [text]
  defp faults({:unasked, _text}, _archives, _config, _checksums), do: []

  defp praise(module, archives, places) do
    path = Path.basename(Checksums.path(module, ""))
    names = for {:asked, name, _origin} <- places, name, do: name
    where = if names == [], do: "there", else: "at #{Enum.join(names, " and at ")}"
    "#{length(archives)} declared, all of them #{where} and as #{path} says"
  end

  defp fault(archive, config, origin, checksums) do
    with {:ok, bytes} <- Origin.read(origin, config, archive),
         :ok <- Checksums.verify(checksums, archive, bytes),
         {:ok, found} <- Inspection.entries(archive, bytes),
         :ok <- glibc(archive, checksums, found) do
      nil
    else
      {_kind, message} -> message
    end
  end

  defp no_entry(archive) do
    "#{archive} is declared, but the checksum file has no entry for it. Write it anew with `mix cantilever.checksum`"
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
