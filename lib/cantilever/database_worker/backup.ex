defmodule Cantilever.DatabaseWorker.Backup do
  @moduledoc false
  # Where a copy goes: beside its place until it is complete and on the disk, and then there in one step.

  alias Cantilever.AtomicFile
  alias Cantilever.DatabaseWorker.Error

  # Nothing is asked of `fun` for a path that cannot be one of a copy.
  @spec write(Path.t(), (Path.t() -> {:ok, :ok} | {:error, Error.t()})) ::
          :ok | {:error, Error.t()}
  def write(path, fun) do
    path = Path.expand(path)
    temporary = AtomicFile.temporary(path)

    try do
      with :ok <- unused(path),
           {:ok, :ok} <- fun.(temporary),
           :ok <- sync(temporary),
           :ok <- File.rename(temporary, path) do
        :ok
      else
        {:error, %Error{} = error} -> {:error, error}
        {:error, posix} -> failed(path, :file.format_error(posix))
      end
    after
      # Not there any more if all went well.
      File.rm(temporary)
    end
  end

  # The log of a database that is open would be taken for one of the copy.
  defp unused(path) do
    cond do
      String.contains?(path, <<0>>) -> failed(path, "it has a NUL in it")
      File.exists?(path <> "-wal") -> failed(path, "it is a database that is in use")
      File.dir?(path) -> failed(path, "it is a directory")
      not File.dir?(Path.dirname(path)) -> failed(path, "there is no such directory")
      true -> :ok
    end
  end

  # The name must not be on the disk before the content.
  defp sync(path) do
    with {:ok, file} <- :file.open(path, [:read, :write, :raw, :binary]) do
      synced = :file.sync(file)
      closed = :file.close(file)
      if synced == :ok, do: closed, else: synced
    end
  end

  defp failed(path, why) do
    message = "the copy #{inspect(path)} cannot be written: #{why}"
    {:error, %Error{reason: :cannot_open, message: message}}
  end
end
