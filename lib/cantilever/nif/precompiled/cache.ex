defmodule Cantilever.Nif.Precompiled.Cache do
  @moduledoc false
  # Archives that were downloaded once, in a folder that all projects of a user share. It is trusted as little as the
  # network: whoever reads an archive from it verifies it.

  alias Cantilever.AtomicFile

  # Ours, or the one that rustler_precompiled uses: it holds the same archives under the same names.
  @spec dir((String.t() -> String.t() | nil)) :: {:ok, Path.t()} | {:error, String.t()}
  def dir(env \\ &System.get_env/1) do
    names = ["CANTILEVER_CACHE", "RUSTLER_PRECOMPILED_GLOBAL_CACHE_PATH"]

    case Enum.find(names, &(env.(&1) not in [nil, ""])) do
      nil ->
        system = if env.("MIX_XDG") in [nil, ""], do: %{}, else: %{os: :linux}
        {:ok, to_string(:filename.basedir(:user_cache, "cantilever/precompiled", system))}

      name ->
        absolute(name, env.(name))
    end
  end

  # Mix compiles each dependency in its own folder, so a relative path would be another one for each.
  @spec absolute(String.t(), Path.t()) :: {:ok, Path.t()} | {:error, String.t()}
  def absolute(name, path) do
    if Path.type(path) == :absolute,
      do: {:ok, path},
      else: {:error, "the environment variable #{name} must be an absolute path, got: #{path}"}
  end

  @spec read(Path.t(), String.t()) :: {:ok, binary()} | :none
  def read(dir, name) do
    case File.read(Path.join(dir, name)) do
      {:ok, bytes} -> {:ok, bytes}
      {:error, _reason} -> :none
    end
  end

  # An archive is on the disk before its name is there, so that the next build after a crash does not find half of it.
  @spec write(Path.t(), String.t(), binary(), integer()) :: :ok | {:error, String.t()}
  def write(dir, name, bytes, now \\ System.os_time(:second)) do
    Enum.each(AtomicFile.leftovers(dir, &String.ends_with?(&1, ".tar.gz"), now), &File.rm/1)

    with {:error, reason} <- keep(dir, name, bytes) do
      {:error,
       "#{name} could not be kept in #{dir} (#{:file.format_error(reason)}) and will be downloaded again. " <>
         "Make the folder writable, or name another in CANTILEVER_CACHE"}
    end
  end

  @spec remove(Path.t(), String.t()) :: :ok
  def remove(dir, name) do
    _ = File.rm(Path.join(dir, name))
    :ok
  end

  defp keep(dir, name, bytes) do
    with :ok <- File.mkdir_p(dir),
         do: AtomicFile.write(Path.join(dir, name), bytes, sync: true)
  end
end
