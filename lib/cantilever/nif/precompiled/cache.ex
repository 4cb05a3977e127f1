defmodule Cantilever.Nif.Precompiled.Cache do
  @moduledoc false
  # Archives that were downloaded once, in a folder that all projects of a user share. It is trusted as little as the
  # network: whoever reads an archive from it verifies it.

  @leftover_s 24 * 60 * 60

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

  # The archive comes under its name in one step, and only when it is on the disk, so nobody sees half of it: not
  # another build, and not the next one after a crash.
  @spec write(Path.t(), String.t(), binary()) :: :ok | {:error, String.t()}
  def write(dir, name, bytes) do
    unique = "#{System.pid()}-#{System.unique_integer([:positive])}"
    temporary = Path.join(dir, ".cantilever-#{name}-#{unique}.tmp")

    with :ok <- File.mkdir_p(dir),
         :ok <- clear_leftovers(dir),
         :ok <- write_synced(temporary, bytes),
         :ok <- File.rename(temporary, Path.join(dir, name)) do
      :ok
    else
      {:error, reason} ->
        _ = File.rm(temporary)

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

  # What builds that were killed have left. Another build's own is younger.
  defp clear_leftovers(dir) do
    oldest = System.os_time(:second) - @leftover_s

    with {:ok, names} <- File.ls(dir) do
      for name <- names,
          name =~ ~r/\A\.cantilever-.+\.tmp\z/,
          path = Path.join(dir, name),
          {:ok, %{mtime: mtime}} when mtime < oldest <- [File.stat(path, time: :posix)],
          do: remove(dir, name)

      :ok
    end
  end

  defp write_synced(path, bytes) do
    with {:ok, file} <- :file.open(path, [:write, :exclusive, :raw, :binary]) do
      written = with :ok <- :file.write(file, bytes), do: :file.sync(file)
      closed = :file.close(file)
      if written == :ok, do: closed, else: written
    end
  end
end
