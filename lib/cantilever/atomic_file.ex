defmodule Cantilever.AtomicFile do
  @moduledoc false
  # Writes a file so that nobody sees half of it, such as another build or a VM that has an older one mapped: under
  # another name beside it, and then in one step under its own. Where that fails nothing is left, and an older file stays.

  @leftover_s 24 * 60 * 60

  # The options:
  #   * `:sync` - whether the content is on the disk before the name is there, so that after a power cut there is no
  #     empty file under it. Default: false
  #   * `:mode` and `:mtime` - the file's, instead of those of a new one
  @spec write(Path.t(), iodata(), keyword()) :: :ok | {:error, File.posix()}
  def write(path, content, options \\ []) do
    temporary = temporary(path)

    with :ok <- create(temporary, content, options[:sync] || false),
         :ok <- change(options[:mode], &File.chmod(temporary, &1)),
         :ok <- change(options[:mtime], &File.touch(temporary, &1)),
         :ok <- File.rename(temporary, path) do
      :ok
    else
      {:error, reason} ->
        _ = File.rm(temporary)
        {:error, reason}
    end
  end

  # As `write/3`, of what `fun` writes bit by bit with the function that it is given, which is for the calling process alone.
  # The file is there only if `fun` returns `{:ok, _}`.
  @spec write_with(
          Path.t(),
          ((iodata() -> :ok | {:error, File.posix()}) ->
             {:ok, result} | {:error, reason})
        ) ::
          {:ok, result} | {:error, reason | File.posix()}
        when result: term(), reason: term()
  def write_with(path, fun) do
    temporary = temporary(path)

    try do
      with {:ok, result} <- create_with(temporary, fun),
           :ok <- File.rename(temporary, path),
           do: {:ok, result}
    after
      # Not there any more if all went well.
      File.rm(temporary)
    end
  end

  @spec write!(Path.t(), iodata(), keyword()) :: :ok
  def write!(path, content, options \\ []) do
    with {:error, reason} <- write(path, content, options),
         do: raise(File.Error, reason: reason, action: "write to file", path: path)
  end

  # A name beside `path` that nobody has.
  @spec temporary(Path.t()) :: Path.t()
  def temporary(path) do
    # Containers that share a folder may have the numbers of their processes in common.
    "#{path}.#{Base.encode16(:crypto.strong_rand_bytes(8), case: :lower)}.tmp"
  end

  # What writers of such files have left beside them that were killed. Those of a writer that is still at it are younger.
  @spec leftovers(Path.t(), (String.t() -> boolean()), integer()) :: [Path.t()]
  def leftovers(dir, name?, now \\ System.os_time(:second)) do
    for file <- ls(dir),
        [_, name] <- [Regex.run(~r/\A(.+)\.[0-9a-f]{16}\.tmp\z/, file)],
        name?.(name),
        path = Path.join(dir, file),
        # The other time of a file may have been set.
        {:ok, %{ctime: ctime}} when ctime < now - @leftover_s <- [File.stat(path, time: :posix)],
        do: path
  end

  defp ls(dir) do
    case File.ls(dir) do
      {:ok, names} -> names
      {:error, _reason} -> []
    end
  end

  defp create(path, content, sync?) do
    with {:ok, file} <- :file.open(path, [:write, :exclusive, :raw, :binary]) do
      written =
        with :ok <- :file.write(file, content),
             do: if(sync?, do: :file.sync(file), else: :ok)

      closed = :file.close(file)
      if written == :ok, do: closed, else: written
    end
  end

  defp create_with(path, fun) do
    with {:ok, file} <- :file.open(path, [:write, :exclusive, :raw, :binary]) do
      # The VM closes what its process leaves open.
      written = fun.(&:file.write(file, &1))
      closed = :file.close(file)
      with {:ok, _result} <- written, :ok <- closed, do: written
    end
  end

  defp change(nil, _fun), do: :ok
  defp change(value, fun), do: fun.(value)
end
