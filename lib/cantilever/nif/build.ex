defmodule Cantilever.Nif.Build do
  @moduledoc false
  # Gets the library of one module at compile time: the one that stands, a precompiled artifact, a new one from
  # cargo, or one from elsewhere.

  alias Cantilever.Nif.{Artifact, Cargo, Library, Lock, Options, Precompiled, Record, Sources}

  @between_tries_ms 50

  @enforce_keys [:options, :location, :file, :library, :resources]
  defstruct [:options, :location, :file, :library, :resources, origin: :source, cross?: false]

  # `library` is nil while a library from elsewhere is not there yet. `cross?` is whether the environment asked for
  # the artifact of another system.
  @type t :: %__MODULE__{
          options: Options.t(),
          location: {atom(), Path.t()},
          file: Path.t(),
          library: Library.t() | nil,
          resources: [Path.t()],
          origin: Record.origin(),
          cross?: boolean()
        }

  @spec run!(module(), Options.t()) :: t()
  def run!(_module, %Options{skip_compilation?: true, load_from: {app, path}} = options) do
    file = Path.join(app_dir(app), path) <> Cantilever.Nif.Loader.extension()

    library =
      case Library.read(file) do
        {:ok, library} -> library
        {:error, _reason} -> nil
      end

    %__MODULE__{
      options: options,
      location: {app, path},
      file: file,
      library: library,
      resources: [file]
    }
  end

  def run!(module, %Options{} = options) do
    check_project!(module, options)

    plan = Precompiled.plan(module, options)
    origin = Precompiled.origin(plan)

    {file, location, sources} =
      case Record.current(module, options, origin) do
        {:ok, record} -> {Path.expand(record.library), record.location, Record.resources(record)}
        :none -> make!(module, options, plan)
      end

    %__MODULE__{
      options: options,
      location: location,
      file: file,
      library: Library.parse(File.read!(file)),
      resources: [file | sources] ++ Precompiled.resources(module, options),
      origin: origin,
      cross?: Precompiled.wanted?(options) and Precompiled.cross?()
    }
  end

  # Called when the module is known to compile, so that until then an older one keeps its library.
  @spec clear_unused(module(), t()) :: :ok
  def clear_unused(module, %__MODULE__{options: %{load_from: nil} = options} = build) do
    # Mostly there is nothing, which is seen without waiting for another module's build. What is seen then may still change.
    case unused(module, options, build) do
      [] -> :ok
      _some -> exclusively(fn -> Artifact.remove(unused(module, options, build)) end)
    end
  end

  def clear_unused(_module, _build), do: :ok

  # Has the next compilation of the module start cargo.
  @spec forget(module()) :: :ok
  def forget(module), do: if(mix?(), do: Record.forget(module), else: :ok)

  # Whether the library is meant for the machine that compiles.
  @spec for_host?(t() | Options.t()) :: boolean()
  def for_host?(%__MODULE__{options: options, cross?: cross?}),
    do: not cross? and for_host?(options)

  def for_host?(%Options{target: target}),
    do: target == nil and (not mix?() or Mix.target() == :host)

  # Whether this runs in a Mix project.
  @spec project?() :: boolean()
  def project?, do: mix?() and Mix.Project.get() != nil

  defp make!(module, options, :source), do: compile!(module, options, :source)

  defp make!(module, options, {:error, severity, message}),
    do: instead!(module, options, :source, severity, message)

  defp make!(module, options, plan) do
    origin = Precompiled.origin(plan)
    for_host? = for_host?(options) and not Precompiled.cross?()

    case Precompiled.library(plan, options, for_host?) do
      {:ok, content} ->
        extension = Precompiled.extension(plan)
        exclusively(fn -> place!(module, options, origin, {content, extension}) end)

      {:error, severity, message} ->
        instead!(module, options, origin, severity, message)
    end
  end

  defp place!(module, options, origin, {content, extension}) do
    {file, location} = Artifact.install!(content, extension, options)
    Record.write!(module, options, origin, [], {file, location}, System.os_time(:second))
    {file, location, []}
  end

  # Only what could not be had is replaced by a build from source: never what was not as it was published.
  defp instead!(module, options, origin, :unavailable, message) do
    with :ok <- known_target(options),
         :ok <- Cargo.available(options) do
      Mix.shell().info(
        "#{inspect(module)} is built from source, because #{uncapitalized(message)}."
      )

      compile!(module, options, origin)
    else
      {:error, reason} ->
        fail!(module, options, message, "Nor can it be built from source. #{reason}")
    end
  end

  defp instead!(module, options, _origin, :refused, message),
    do: fail!(module, options, message, "It is not replaced by a build from source unasked.")

  # Cargo builds for the machine that compiles, unless it is told for which other one.
  defp known_target(options) do
    if Precompiled.cross?() and options.target == nil and
         Cargo.variable(options, "CARGO_BUILD_TARGET") == nil do
      {:error,
       "The environment asks for another system's library (TARGET_ARCH and its like), and for which target cargo is to " <>
         "build is not known. Set the option :target, or CARGO_BUILD_TARGET."}
    else
      :ok
    end
  end

  @spec fail!(module(), Options.t(), String.t(), String.t()) :: no_return()
  defp fail!(module, options, message, rest) do
    Mix.raise(
      "#{inspect(module)} has no precompiled library: #{uncapitalized(message)}.\n#{rest}\n" <>
        "#{Precompiled.advice(options.crate)}."
    )
  end

  defp uncapitalized("The " <> rest), do: "the " <> rest
  defp uncapitalized("There " <> rest), do: "there " <> rest
  defp uncapitalized(message), do: message

  defp compile!(module, options, origin) do
    result =
      exclusively(fn ->
        started_at = System.os_time(:second)

        with {:ok, artifact} <- Cargo.build(options) do
          {file, location} = Artifact.install!(artifact, options)
          sources = Sources.list(artifact, Path.expand(options.path), Cargo.home(options))
          Record.write!(module, options, origin, sources, {file, location}, started_at)
          {:ok, {file, location, sources}}
        end
      end)

    case result do
      {:ok, built} -> built
      {:error, message} -> Mix.raise(message)
    end
  end

  defp unused(module, options, build) do
    used = [build.file | Record.libraries_of_others(module, options, build.origin)]
    Artifact.unused(used, Path.dirname(build.file), options.crate)
  end

  # Two modules may build one crate with different features while Mix compiles them in parallel: neither may
  # take the other's artifact, nor clear away a library that the other has just installed.
  defp exclusively(fun) do
    Lock.hold({__MODULE__, Mix.Project.build_path()}, fun, fn ->
      Process.sleep(@between_tries_ms)
      :again
    end)
  end

  # The application in which the library is installed must be the one from which it is loaded.
  defp check_project!(module, options) do
    cond do
      not project?() ->
        raise ArgumentError,
              "#{inspect(module)}: Cantilever.Nif builds crates in a Mix project only. Compile the module with Mix, " <>
                "or use a library built elsewhere with the options :load_from and :skip_compilation?"

      Mix.Project.config()[:app] != options.otp_app ->
        raise ArgumentError,
              "#{inspect(module)}: invalid value for the option :otp_app: #{inspect(options.otp_app)}. " <>
                "Accepted: #{inspect(Mix.Project.config()[:app])}, the application that is being compiled"

      Enum.any?(Mix.Project.config()[:deps], &absent_at_runtime?/1) ->
        raise ArgumentError,
              "#{inspect(module)}: the dependency :cantilever has the option `runtime: false` in mix.exs, so a release " <>
                "would lack the code that loads the library. Remove that option"

      true ->
        :ok
    end
  end

  defp absent_at_runtime?({:cantilever, options}) when is_list(options),
    do: options[:runtime] == false

  defp absent_at_runtime?({:cantilever, _requirement, options}), do: options[:runtime] == false
  defp absent_at_runtime?(_dependency), do: false

  defp app_dir(app) do
    if project?() and Mix.Project.config()[:app] == app,
      do: Mix.Project.app_path(),
      else: Application.app_dir(app)
  end

  defp mix?, do: Code.ensure_loaded?(Mix) and Process.whereis(Mix.State) != nil
end
