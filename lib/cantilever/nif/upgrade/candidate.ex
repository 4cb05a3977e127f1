defmodule Cantilever.Nif.Upgrade.Candidate do
  @moduledoc false
  # What a module would be upgraded to: its beam file as it is on the disk now, and the library to load with it.

  alias Cantilever.Nif.{Artifact, Info, Library, Loader, Stubs, UpgradeError}

  @enforce_keys [:binary, :file, :library]
  defstruct [:binary, :file, :library]

  @type t :: %__MODULE__{binary: binary(), file: charlist(), library: Path.t()}

  # The module has this function for the kit.
  @own {:__cantilever_builds__, 1}

  # `path` is the library that was asked for; nil for the one that belongs to the beam file.
  @spec find(Info.t(), Path.t() | nil) ::
          {:ok, t()} | {:ok, :unchanged} | {:error, UpgradeError.t()}
  def find(from, nil) do
    with {:ok, code} <- object_code(from.module),
         :ok <- named_by_content(from),
         {:ok, library} <- library_of(code),
         do: candidate(from, code, library)
  end

  def find(from, path) do
    with {:ok, code} <- object_code(from.module),
         :ok <- same_module(from, code),
         {:ok, content} <- read(path),
         library = Library.parse(content),
         :ok <- host(library, path),
         :ok <- kit(library, path),
         :ok <- same_functions(from, library, content, path),
         {:ok, library} <- install(from, content, path),
         do: candidate(from, code, library)
  end

  defp candidate(from, code, library) do
    if loaded?(code, from) and Path.expand(library) == Path.expand(from.path),
      do: {:ok, :unchanged},
      else: {:ok, %__MODULE__{binary: code.binary, file: code.file, library: library}}
  end

  # `md5` is nil where the file is none of Erlang's.
  defp object_code(module) do
    case :code.get_object_code(module) do
      {^module, binary, file} ->
        {:ok, %{binary: binary, file: file, md5: md5(binary)}}

      :error ->
        UpgradeError.failure(
          :library,
          "there is no beam file of #{inspect(module)} in the code path to load it from once more"
        )
    end
  end

  defp md5(binary) do
    case :beam_lib.md5(binary) do
      {:ok, {_module, md5}} -> md5
      {:error, :beam_lib, _reason} -> nil
    end
  end

  defp loaded?(code, from), do: code.md5 == from.module.module_info(:md5)

  defp same_module(from, code) do
    if loaded?(code, from),
      do: :ok,
      else:
        UpgradeError.failure(
          :library,
          "#{code.file} is not the #{inspect(from.module)} that is loaded, which was compiled or replaced since: upgrade " <>
            "without the option :library, or restore the file"
        )
  end

  # A loader takes a file of the same name for the one that it has.
  defp named_by_content(from) do
    if Artifact.stem_of(Loader.file(from.module.__cantilever__(:location))) do
      :ok
    else
      UpgradeError.failure(
        :library,
        "#{inspect(from.module)} loads its library by a name that does not tell what is in it (:load_from), so " <>
          "this node would find the one that it has: name the new file with the option :library"
      )
    end
  end

  defp library_of(%{md5: nil, file: file}),
    do: UpgradeError.failure(:library, "#{file} is no beam file")

  defp library_of(%{binary: binary}) do
    {:ok, {_module, [attributes: attributes]}} = :beam_lib.chunks(binary, [:attributes])
    [location] = Keyword.fetch!(attributes, :cantilever_location)
    {:ok, Loader.file(location)}
  end

  defp read(path) do
    case File.read(path) do
      {:ok, content} ->
        {:ok, content}

      {:error, reason} ->
        UpgradeError.failure(:library, "#{path} cannot be read: #{:file.format_error(reason)}")
    end
  end

  defp kit(%Library{kit?: kit?}, path) do
    if kit?,
      do: :ok,
      else:
        UpgradeError.failure(
          :library,
          "#{path} is no library that cantilever::init! was built into"
        )
  end

  defp host(library, path) do
    with {:error, difference} <- Library.check(library, Library.host()),
         do: UpgradeError.failure(:library, "#{path}: #{difference}")
  end

  # A function of plain rustler leaves nothing but its name in the library.
  defp same_functions(from, library, content, path) do
    before =
      for {name, arity, _schedule} <- from.functions, {name, arity} != @own, do: {name, arity}

    noted = for {name, arity, _schedule} <- library.functions, do: {name, arity}

    unnoted =
      for {name, arity} <- before -- noted,
          :binary.match(content, "#{name}\0") != :nomatch,
          not Enum.any?(noted, &match?({^name, _other}, &1)),
          do: {name, arity}

    definitions = %{all: before ++ from.module.__info__(:functions), stubs: before, via: %{}}

    case Stubs.difference(definitions, noted ++ unnoted) do
      %{missing: [], unknown: [], arity: []} ->
        :ok

      difference ->
        UpgradeError.failure(
          :functions,
          "#{Stubs.message(difference, from.module, Path.basename(path))}\n" <>
            "Compile the module with the crate, and upgrade it without the option :library."
        )
    end
  end

  # Under a name of its own beside the one that is loaded, which a VM has mapped.
  defp install(from, content, path) do
    stem = Artifact.stem_of(from.path) || from.build
    {:ok, Artifact.place!(content, Loader.extension(), Path.dirname(from.path), stem)}
  rescue
    error in File.Error ->
      UpgradeError.failure(:library, "#{path} cannot be installed: #{Exception.message(error)}")
  end
end
