defmodule Cantilever.Responsiveness.WholeFile do
  @moduledoc false
  # Writes a file so that nobody ever sees half of it, and an older one stays as it was when that fails.

  @doc "Whether `path` can be written, tried without touching what is there. The error is a sentence."
  @spec check(Path.t()) :: :ok | {:error, String.t()}
  def check(path) do
    temporary = temporary(path)

    with false <- File.dir?(path) && {:error, :eisdir},
         :ok <- File.mkdir_p(Path.dirname(path)),
         :ok <- File.write(temporary, ""),
         :ok <- File.rm(temporary) do
      :ok
    else
      {:error, reason} -> {:error, explain(path, reason)}
    end
  end

  @doc "Writes `content` beside `path` and moves it there; a folder that is missing is made. The error is a sentence."
  @spec write(Path.t(), iodata) :: :ok | {:error, String.t()}
  def write(path, content) do
    temporary = temporary(path)

    with :ok <- File.mkdir_p(Path.dirname(path)),
         :ok <- File.write(temporary, content),
         :ok <- File.rename(temporary, path) do
      :ok
    else
      {:error, reason} ->
        _ = File.rm(temporary)
        {:error, explain(path, reason)}
    end
  end

  defp temporary(path), do: "#{path}.#{System.pid()}-#{System.unique_integer([:positive])}.tmp"

  defp explain(path, reason),
    do:
      "#{path} cannot be written: #{reason(reason)}; name a file in a folder that is yours to write"

  # What making a folder says when a file has its name.
  defp reason(reason) when reason in [:eexist, :enotdir], do: "a file is where a folder should be"
  defp reason(:enospc), do: "the disk is full"
  defp reason(reason), do: :file.format_error(reason)
end
