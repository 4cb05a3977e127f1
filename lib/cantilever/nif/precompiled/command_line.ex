defmodule Cantilever.Nif.Precompiled.CommandLine do
  @moduledoc false
  # What the tasks for artifacts have in common: the module among their arguments, the flags that stand above what it
  # declares, and how they end when something is wrong.

  @flags [
    version: :string,
    targets: :string,
    nif_versions: :string,
    base_url: [:string, :keep]
  ]

  @type parsed :: %{module: module(), flags: keyword(), options: keyword()}

  @spec docs() :: String.t()
  def docs do
    """
      * `--base-url URL` - where the artifacts are; several stand for mirrors, in their order
      * `--version V`, `--targets A,B`, `--nif-versions A,B` - instead of what the module declares, also where that
        cannot be read from its source: it is not compiled, so only literals, module attributes, variables,
        `Mix.Project.config()[:version]` and what is joined of them can be
    """
  end

  # The flags are those of `Cantilever.Nif.Precompiled.Config`, the options are the task's own.
  @spec parse([String.t()], keyword()) :: {:ok, parsed()} | {:error, String.t()}
  def parse(argv, switches) do
    case OptionParser.parse(argv, strict: @flags ++ switches) do
      {given, [name], []} ->
        with {:ok, module} <- module(name) do
          {flags, options} = Keyword.split(given, Keyword.keys(@flags))
          {:ok, %{module: module, flags: flags(flags), options: options}}
        end

      {_given, _names, [{flag, value} | _]} ->
        {:error, "#{flag} #{value || "needs a value or"} is not accepted. #{usage(switches)}"}

      {_given, names, []} ->
        {:error,
         "one module is expected, such as MyApp.Native, and #{length(names)} were given. #{usage(switches)}"}
    end
  end

  # A line for each fault, and the exit status that stops a script.
  @spec fail(task :: String.t(), [String.t(), ...]) :: no_return()
  def fail(task, messages) do
    Enum.each(messages, &Mix.shell().error("mix #{task}: #{&1}"))
    exit({:shutdown, 1})
  end

  defp module(name) do
    if name =~ ~r/\A[A-Z]\w*(\.[A-Z]\w*)*\z/,
      do: {:ok, Module.concat([name])},
      else: {:error, "#{inspect(name)} is no name of a module, such as MyApp.Native"}
  end

  defp flags(given) do
    for key <- [:version, :targets, :nif_versions, :base_url], Keyword.has_key?(given, key) do
      case key do
        :version -> {key, given[key]}
        :base_url -> {key, Keyword.get_values(given, key)}
        _list -> {key, String.split(given[key], ",", trim: true)}
      end
    end
  end

  defp usage(switches) do
    names =
      Enum.map_join(switches ++ @flags, ", ", fn {key, _type} ->
        "--" <> String.replace(to_string(key), "_", "-")
      end)

    "Known flags: #{names}"
  end
end
