defmodule Mix.Tasks.Cantilever.New do
  @shortdoc "Adds a module with functions in Rust to the project"

  @moduledoc """
  Adds a module with functions in Rust to the project.

      $ mix cantilever.new MyApp.Native
      $ mix test

  It writes a crate to `native/my_app_native`, the module that builds and loads it to `lib/my_app/native.ex`, and a test
  for it. There is one function for each way to run (in one go, yielding, on a dirty CPU and on a dirty I/O scheduler), to
  keep or to delete. The crate depends on the kit inside of the Mix dependency, so both are always of one version.

  A project without a `Cargo.toml` gets one, for a workspace of all crates in `native/`, and `.gitignore` gets the folder
  into which cargo builds when it is not Mix that starts it.

  In an umbrella it is for one of the applications: `cd apps/my_app` first.

  ## Options

    * `--crate NAME` - the name of the crate, by default that of the module, as `my_app_native`
    * `--dry-run` - only say what would be written
    * `--force` - replace files without asking. A `Cargo.toml` of the project's own is never replaced

  Without `--force` it asks for each file that is there with another content.

  ## Exit status

  0, or 1 with a line on standard error that says what to change.
  """

  use Mix.Task

  alias Cantilever.Nif.Scaffold

  @switches [crate: :string, dry_run: :boolean, force: :boolean]

  @impl Mix.Task
  def run(argv) do
    with {:ok, module, options} <- parse(argv),
         {:ok, project} <- project(),
         {:ok, scaffold} <- Scaffold.new(module, project ++ Keyword.take(options, [:crate])) do
      write = if options[:dry_run], do: &tell/3, else: &create/3
      force? = Keyword.get(options, :force, false)

      for {path, content} <- Scaffold.files(scaffold),
          do: write.(path, formatted(path, content), force?)

      :ok = workspace(scaffold, write)
      :ok = ignore(write)
    else
      {:error, message} -> Mix.raise("mix cantilever.new: #{message}")
    end
  end

  defp parse(argv) do
    case OptionParser.parse(argv, strict: @switches) do
      {options, [module], []} ->
        {:ok, module, options}

      {_options, _arguments, [{switch, _value} | _others]} ->
        {:error,
         "#{switch} is no option, or lacks its value. Known are --crate NAME, --dry-run and --force"}

      {_options, arguments, []} ->
        {:error,
         "give the name of one module, as in `mix cantilever.new MyApp.Native`, not #{length(arguments)}"}
    end
  end

  defp project do
    cond do
      Mix.Project.get() == nil ->
        {:error,
         "there is no mix.exs here. Start a project with `mix new my_app`, and go to its folder"}

      Mix.Project.umbrella?() ->
        {:error,
         "an umbrella has no modules of its own. Go to one of its applications: `cd apps/NAME`"}

      true ->
        config = Mix.Project.config()
        [elixir_dir | _others] = config[:elixirc_paths]

        with {:ok, kit_dir} <- kit_dir() do
          {:ok,
           app: config[:app], elixir_dir: elixir_dir, kit_dir: relative(kit_dir, File.cwd!())}
        end
    end
  end

  defp kit_dir do
    case Mix.Project.deps_paths() do
      %{cantilever: dir} ->
        {:ok, dir}

      _others ->
        {:error,
         "the project does not depend on the kit. Add {:cantilever, …} to the dependencies in mix.exs"}
    end
  end

  # Neither folder is looked up on the disk, so a link in one of them stays what it is.
  defp relative(path, from) do
    from = Path.split(from)
    {parts, up} = strip(Path.split(path), from)

    cond do
      # Not even the volume is the same.
      up == from -> path
      up == [] and parts == [] -> "."
      true -> Path.join(Enum.map(up, fn _part -> ".." end) ++ parts)
    end
  end

  defp strip([same | path], [same | from]), do: strip(path, from)
  defp strip(path, from), do: {path, from}

  # As the project itself has its code formatted.
  defp formatted(path, content) do
    if Path.extname(path) in [".ex", ".exs"] do
      {format, _options} = Mix.Tasks.Format.formatter_for_file(path)
      IO.iodata_to_binary(format.(content))
    else
      content
    end
  end

  defp create(path, content, force?) do
    if File.read(path) == {:ok, content},
      do: Mix.shell().info("* unchanged #{path}"),
      else: Mix.Generator.create_file(path, content, force: force?)
  end

  defp tell(path, content, _force?) do
    what =
      case File.read(path) do
        {:ok, ^content} -> "leave"
        {:ok, _other} -> "replace"
        {:error, _reason} -> "create"
      end

    Mix.shell().info("would #{what} #{path}")
  end

  defp workspace(scaffold, write) do
    {path, content} = Scaffold.workspace()

    case File.read(path) do
      {:error, :enoent} ->
        write.(path, content, false)
        :ok

      {:ok, ^content} ->
        :ok

      _other ->
        Mix.shell().info("""
        There is a #{path} already. See that its workspace has the member "native/#{scaffold.crate}", and excludes "deps".
        """)
    end
  end

  defp ignore(write) do
    path = ".gitignore"

    gitignore =
      case File.read(path) do
        {:ok, text} -> text
        {:error, _reason} -> ""
      end

    case Scaffold.missing_ignores(gitignore) do
      [] ->
        :ok

      lines ->
        comment = "# Where cargo builds when it is not Mix that starts it.\n"
        separator = if gitignore == "" or String.ends_with?(gitignore, "\n"), do: "", else: "\n"

        write.(
          path,
          gitignore <> separator <> comment <> Enum.map_join(lines, &(&1 <> "\n")),
          true
        )

        :ok
    end
  end
end
