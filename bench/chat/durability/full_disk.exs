defmodule Cantilever.Bench.Chat.FullDisk do
  @moduledoc """
  A file system of some MB, which can be filled to the last byte.
  """

  @megabytes 16
  @chunks [65_536, 4_096, 1]

  @doc "Calls the function with a folder on it; `{:left_out, why}` where none can be mounted."
  @spec with_disk(Path.t(), (Path.t() -> result)) :: {:ok, result} | {:left_out, String.t()}
        when result: term
  def with_disk(folder, fun) do
    disk = Path.join(folder, "disk")
    File.mkdir_p!(disk)

    case command("mount", ["-t", "tmpfs", "-o", "size=#{@megabytes}m", "tmpfs", disk]) do
      :ok ->
        try do
          {:ok, fun.(disk)}
        after
          # Also where a process that has died still has a file open.
          command("umount", ["-l", disk])
        end

      {:error, why} ->
        {:left_out, "no file system could be mounted: #{why}"}
    end
  end

  @doc "Takes all the room that is left; gives the file that has it."
  @spec fill(Path.t()) :: Path.t()
  def fill(disk) do
    path = Path.join(disk, "full")
    {:ok, file} = :file.open(path, [:append, :raw, :binary])
    Enum.each(@chunks, &fill_with(file, :binary.copy(<<0>>, &1)))
    :ok = :file.close(file)
    path
  end

  defp fill_with(file, chunk) do
    case :file.write(file, chunk) do
      :ok -> fill_with(file, chunk)
      {:error, :enospc} -> :full
    end
  end

  defp command(name, arguments) do
    case System.find_executable(name) && System.cmd(name, arguments, stderr_to_stdout: true) do
      nil -> {:error, "there is no #{name}"}
      {_output, 0} -> :ok
      {output, _status} -> {:error, String.trim(output)}
    end
  end
end
