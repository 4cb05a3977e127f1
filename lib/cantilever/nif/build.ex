defmodule Cantilever.Nif.Build do
  @moduledoc false
  # Gets the library of one module at compile time: the one that stands, a new one from cargo, or one from
  # elsewhere.

  alias Cantilever.Nif.{Artifact, Cargo, Library, Options, Record, Sources}

  @between_tries_ms 50

  @enforce_keys [:options, :location, :file, :library, :resources]
  defstruct [:options, :location, :file, :library, :resources]

  # `library` is nil while a library from elsewhere is not there yet.
  @type t :: %__MODULE__{
          options: Options.t(),
          location: {atom(), Path.t()},
          file: Path.t(),
          library: Library.t() | nil,
          resources: [Path.t()]
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

    {file, location, sources} =
      case Record.current(module, options) do
        {:ok, record} -> {Path.expand(record.library), record.location, Record.resources(record)}
        :none -> compile!(module, options)
      end

    %__MODULE__{
      options: options,
      location: location,
      file: file,
      library: Library.parse(File.read!(file)),
      resources: [file | sources]
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
  @spec for_host?(t()) :: boolean()
  def for_host?(%__MODULE__{options: options}),
    do: options.target == nil and (not mix?() or Mix.target() == :host)

  defp compile!(module, options) do
    result =
      exclusively(fn ->
        started_at = System.os_time(:second)

        with {:ok, artifact} <- Cargo.build(options) do
          {file, location} = Artifact.install!(artifact, options)
          sources = Sources.list(artifact, Path.expand(options.path), Cargo.home(options))
          Record.write!(module, options, sources, file, location, started_at)
          {:ok, {file, location, sources}}
        end
      end)

    case result do
      {:ok, built} -> built
      {:error, message} -> Mix.raise(message)
    end
  end

  defp unused(module, options, build) do
    used = [build.file | Record.libraries_of_others(module, options)]
    Artifact.unused(used, Path.dirname(build.file), options.crate)
  end

  # Two modules may build one crate with different features while Mix compiles them in parallel: neither may
  # take the other's artifact, nor clear away a library that the other has just installed.
  #
  # `:global.trans` waits up to eight seconds between its tries, long after the other build has ended.
  defp exclusively(fun) do
    lock = {{__MODULE__, Mix.Project.build_path()}, self()}
    acquire(lock)

    try do
      fun.()
    after
      :global.del_lock(lock, [node()])
    end
  end

  defp acquire(lock) do
    unless :global.set_lock(lock, [node()], 0) do
      Process.sleep(@between_tries_ms)
      acquire(lock)
    end
  end

  # The application in which the library is installed must be the one from which it is loaded.
  defp check_project!(module, options) do
    cond do
      not mix?() or Mix.Project.get() == nil ->
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
    if mix?() and Mix.Project.get() != nil and Mix.Project.config()[:app] == app,
      do: Mix.Project.app_path(),
      else: Application.app_dir(app)
  end

  defp mix?, do: Code.ensure_loaded?(Mix) and Process.whereis(Mix.State) != nil
end
