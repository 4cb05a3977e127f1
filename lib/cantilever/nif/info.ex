defmodule Cantilever.Nif.Info do
  @moduledoc """
  What is known of the library that a module has loaded: `Cantilever.Nif.info/1` returns it.

      iex> info = Cantilever.Nif.info(Cantilever.Native)
      iex> {info.kit?, info.nif_version, info.functions != []}
      {true, "2.15", true}

  | field | what |
  |---|---|
  | `module` | the module |
  | `kit?` | whether the crate uses `cantilever::init!`. Where it is plain rustler's, or an older kit's, only `module`, `build`, `path` and `functions`, without their schedules, are known |
  | `version` | the version of the crate |
  | `build` | the name of the library's file, which ends in a hash of its content |
  | `path` | the library's file |
  | `nif_version` | the NIF version that the library needs |
  | `functions` | its functions as `{name, arity, schedule}`, the schedule being `:normal`, `:yielding`, `:dirty_cpu`, `:dirty_io` or `nil` |
  | `loaded_at` | when it was loaded, or loaded again |
  | `handles` | how many of the handles that it has made are alive |
  | `older` | the other builds that this node has loaded for the module, the latest first: maps of `version`, `build`, `path`, `loaded_at` and `handles`. They stay mapped until the node ends. Where a system's loader does not find a file that was deleted since, it is missing here |
  """

  @type build :: %{
          version: String.t(),
          build: String.t(),
          path: Path.t(),
          loaded_at: DateTime.t(),
          handles: non_neg_integer()
        }
  @type schedule :: :normal | :yielding | :dirty_cpu | :dirty_io
  @type t :: %__MODULE__{
          module: module(),
          kit?: boolean(),
          version: String.t() | nil,
          build: String.t(),
          path: Path.t(),
          nif_version: String.t() | nil,
          functions: [{atom(), arity(), schedule() | nil}],
          loaded_at: DateTime.t() | nil,
          handles: non_neg_integer() | nil,
          older: [build()]
        }

  @enforce_keys [:module, :kit?, :build, :path, :functions]
  defstruct [
    :module,
    :kit?,
    :version,
    :build,
    :path,
    :nif_version,
    :functions,
    :loaded_at,
    :handles,
    older: []
  ]

  alias Cantilever.Nif.Loader

  @schedules %{
    "Normal" => :normal,
    "Yielding" => :yielding,
    "DirtyCpu" => :dirty_cpu,
    "DirtyIo" => :dirty_io
  }

  @doc false
  @spec of(module()) :: {:ok, t()} | {:error, String.t()}
  def of(module) do
    cond do
      not Code.ensure_loaded?(module) ->
        {:error,
         "#{inspect(module)} is not loaded: it does not exist, or its library does not load"}

      not function_exported?(module, :__cantilever__, 1) ->
        {:error, "#{inspect(module)} does not `use Cantilever.Nif`"}

      true ->
        {:ok, ask(module)}
    end
  end

  defp ask(module) do
    loaded = Loader.loaded(module)
    {own, others, functions, {major, minor}} = module.__cantilever_builds__(loaded)
    own = build(own)

    older =
      for(other when other != nil <- others, do: build(other))
      |> Enum.reject(&(&1.path == own.path))
      |> Enum.sort_by(& &1.loaded_at, {:desc, DateTime})

    %__MODULE__{
      module: module,
      kit?: true,
      version: own.version,
      build: own.build,
      path: own.path,
      nif_version: "#{major}.#{minor}",
      functions:
        Enum.sort(
          for {name, arity, schedule} <- functions,
              do: {name, arity, Map.fetch!(@schedules, schedule)}
        ),
      loaded_at: own.loaded_at,
      handles: own.handles,
      older: older
    }
  rescue
    # Only a library of the kit's has that function.
    error in ErlangError ->
      unless error.original == :nif_not_loaded, do: reraise(error, __STACKTRACE__)
      path = Loader.file(module.__cantilever__(:location))

      %__MODULE__{
        module: module,
        kit?: false,
        build: name(path),
        path: path,
        functions:
          Enum.sort(for {name, arity} <- module.module_info(:nifs), do: {name, arity, nil})
      }
  end

  defp build({version, path, loaded_at_ms, handles}) do
    %{
      version: version,
      build: name(path),
      path: path,
      loaded_at: DateTime.from_unix!(loaded_at_ms, :millisecond),
      handles: handles
    }
  end

  defp name(path), do: path |> Path.basename() |> Path.rootname()
end
