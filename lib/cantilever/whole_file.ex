defmodule Cantilever.WholeFile do
  @moduledoc false
  # Writes a file so that nobody ever sees half of it, and an older one stays as it was when that fails. What is no file, such as a
  # device, is refused: the move would put a file in its place. A symbolic link is followed, for the same reason.

  alias Cantilever.AtomicFile

  # As many as Linux follows.
  @most_links 40

  @doc "Whether `path` can be written, tried without touching what is there. The error is a sentence."
  @spec check(Path.t()) :: :ok | {:error, String.t()}
  def check(path) do
    with {:ok, target} <- target(path, @most_links),
         {:ok, folder} <- closest_folder(Path.dirname(target)),
         temporary = folder |> Path.join(Path.basename(target)) |> AtomicFile.temporary(),
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
    with {:ok, target} <- target(path, @most_links),
         :ok <- File.mkdir_p(Path.dirname(target)),
         :ok <- AtomicFile.write(target, content) do
      :ok
    else
      {:error, reason} -> {:error, explain(path, reason)}
    end
  end

  @doc "As `write/2`, of what `fun` writes bit by bit with the function that it is given; nothing, if it returns an error of its own."
  @spec write_with(
          Path.t(),
          ((iodata -> :ok | {:error, File.posix()}) -> {:ok, result} | {:error, String.t()})
        ) :: {:ok, result} | {:error, String.t()}
        when result: term
  def write_with(path, fun) do
    with {:ok, target} <- target(path, @most_links),
         :ok <- File.mkdir_p(Path.dirname(target)),
         {:ok, result} <- AtomicFile.write_with(target, fun) do
      {:ok, result}
    else
      {:error, reason} when is_atom(reason) -> {:error, explain(path, reason)}
      {:error, message} -> {:error, message}
    end
  end

  # The file that `path` means, which need not be there yet.
  defp target(_path, 0), do: {:error, :eloop}

  defp target(path, links) do
    case File.read_link(path) do
      {:ok, to} -> path |> Path.dirname() |> beside(to) |> target(links - 1)
      {:error, _no_link} -> file(path)
    end
  end

  defp beside(folder, to),
    do: if(Path.type(to) == :absolute, do: to, else: Path.join(folder, to))

  defp file(path) do
    case File.stat(path) do
      {:ok, %{type: :regular}} ->
        {:ok, path}

      {:ok, %{type: :directory}} ->
        {:error, :eisdir}

      {:ok, _device_or_pipe} ->
        {:error, :no_file}

      {:error, :enoent} ->
        if String.ends_with?(path, "/"), do: {:error, :eisdir}, else: {:ok, path}

      {:error, reason} ->
        {:error, reason}
    end
  end

  # The one in which those that are missing would be made.
  defp closest_folder(folder) do
    case {File.stat(folder), Path.dirname(folder)} do
      {{:ok, %{type: :directory}}, _parent} -> {:ok, folder}
      {{:ok, _other}, _parent} -> {:error, :enotdir}
      {{:error, :enoent}, parent} when parent != folder -> closest_folder(parent)
      {{:error, reason}, _parent} -> {:error, reason}
    end
  end

  defp explain(path, reason),
    do:
      "#{path} cannot be written: #{reason(reason)}; name a file in a folder that is yours to write"

  # What making a folder says when a file has its name.
  defp reason(reason) when reason in [:eexist, :enotdir], do: "a file is where a folder should be"
  defp reason(:enospc), do: "the disk is full"
  defp reason(:no_file), do: "what is there is no regular file"
  defp reason(reason), do: :file.format_error(reason)
end
