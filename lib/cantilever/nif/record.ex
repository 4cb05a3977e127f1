defmodule Cantilever.Nif.Record do
  @moduledoc false
  # What the last build for a module was made from, so that recompiling the Elixir module (its text changed, a
  # file was touched, a cache was restored with other times) starts cargo only if the content of something
  # that goes into the library changed. Kept in Mix's directory for manifests, per environment and target, and
  # by module, because two modules may build one crate with different features.

  alias Cantilever.AtomicFile
  alias Cantilever.Nif.Options

  @version 3

  @enforce_keys [:version, :settings, :sources, :library, :digest, :location]
  defstruct [:version, :settings, :sources, :library, :digest, :location]

  @type t :: %__MODULE__{
          version: pos_integer(),
          settings: binary() | nil,
          sources: [{Path.t(), binary() | nil}],
          library: Path.t(),
          digest: binary() | nil,
          location: {atom(), Path.t()}
        }

  # What the library is meant to be made from, as `Cantilever.Nif.Precompiled.origin/1` tells it.
  @type origin :: term()

  # How an artifact is found: the origin tells which one was.
  @finding [:base_url, :version, :targets, :nif_versions, :variants, :force_build, :max_retries]

  # The record of a build that still stands, if its library is still there and what it was: with `:load_from` another
  # environment may have put its own there.
  @spec current(module(), Options.t(), origin()) :: {:ok, t()} | :none
  def current(module, %Options{} = options, origin) do
    with {:ok, record} <- read(path(module)),
         true <- record.settings == settings(options, origin),
         true <- record.digest != nil and digest(record.library) == record.digest,
         true <- Enum.all?(record.sources, fn {source, digest} -> digest(source) == digest end) do
      {:ok, record}
    else
      _other -> :none
    end
  end

  # Paths are kept relative to the project, which may be restored elsewhere. A source that changed after cargo
  # had started may or may not be in the library, so such a build is not taken for one that stands.
  @spec write!(
          module(),
          Options.t(),
          origin(),
          [Path.t()],
          {Path.t(), {atom(), Path.t()}},
          integer()
        ) :: :ok
  def write!(module, %Options{} = options, origin, sources, {library, location}, started_at) do
    certain? = not Enum.any?(sources, &changed_after?(&1, started_at))

    record = %__MODULE__{
      version: @version,
      settings: if(certain?, do: settings(options, origin)),
      sources: for(source <- sources, do: {Path.relative_to_cwd(source), digest(source)}),
      library: Path.relative_to_cwd(library),
      digest: digest(library),
      location: location
    }

    path = path(module)
    File.mkdir_p!(Path.dirname(path))
    # Mix lets two processes of the system compile one project at a time.
    AtomicFile.write!(path, :erlang.term_to_binary(record))
  end

  @spec forget(module()) :: :ok
  def forget(module) do
    _ = File.rm(path(module))
    :ok
  end

  # The libraries that other modules use. A module that had the same settings had this very library, which can
  # belong to one module only: it was renamed, and its record goes.
  @spec libraries_of_others(module(), Options.t(), origin()) :: [Path.t()]
  def libraries_of_others(module, %Options{} = options, origin) do
    settings = settings(options, origin)
    dir = Mix.Project.manifest_path()

    dir
    |> File.ls!()
    |> Enum.filter(&(&1 =~ ~r/\Acantilever\..+\.build\z/))
    |> Enum.map(&Path.join(dir, &1))
    |> List.delete(path(module))
    |> Enum.flat_map(fn path ->
      case read(path) do
        {:ok, %{settings: ^settings}} ->
          _ = File.rm(path)
          []

        {:ok, record} ->
          [record.library]

        :none ->
          []
      end
    end)
  end

  @spec resources(t()) :: [Path.t()]
  def resources(%__MODULE__{} = record) do
    for {source, _digest} <- record.sources, do: Path.expand(source)
  end

  defp path(module),
    do: Path.join(Mix.Project.manifest_path(), "cantilever.#{inspect(module)}.build")

  defp read(path) do
    with {:ok, binary} <- File.read(path),
         %__MODULE__{version: @version} = record <- decode(binary) do
      {:ok, record}
    else
      _other -> :none
    end
  end

  defp decode(binary) do
    :erlang.binary_to_term(binary)
  rescue
    ArgumentError -> nil
  end

  # The lock file is cargo's to write while it builds.
  defp changed_after?(source, started_at) do
    with true <- Path.basename(source) != "Cargo.lock",
         {:ok, %{mtime: mtime}} <- File.stat(source, time: :posix) do
      mtime > started_at
    else
      _other -> false
    end
  end

  defp settings(options, origin) do
    steering =
      for {name, value} <- Enum.sort(System.get_env()), steering?(name), do: {name, value}

    building = Map.drop(options, [:load_data, :load_data_fun | @finding])
    # A build directory may be shared by systems that differ, such as a host and a container.
    system = {:erlang.system_info(:system_architecture), :os.type()}
    :crypto.hash(:sha256, :erlang.term_to_binary({building, steering, system, origin}))
  end

  # Variables that cargo, rustc and the usual build scripts read.
  defp steering?(name) do
    name =~ ~r/\A(CARGO|RUST|CC|CXX|CFLAGS|CXXFLAGS|LDFLAGS|AR|TARGET|PKG_CONFIG|MACOSX)/ and
      not (name =~ ~r/\A(RUST_BACKTRACE|RUST_LOG|CARGO_TERM)/)
  end

  defp digest(path) do
    case File.read(path) do
      {:ok, content} -> :crypto.hash(:sha256, content)
      {:error, _reason} -> nil
    end
  end
end
