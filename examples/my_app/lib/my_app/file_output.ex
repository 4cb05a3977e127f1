defmodule MyApp.FileOutput do
  @moduledoc """
  Writes a file so that nobody ever sees half of it.

      iex> path = Path.join(System.tmp_dir!(), "greeting-#{System.unique_integer([:positive])}")
      iex> MyApp.FileOutput.write(path, "hello")
      :ok
      iex> File.read!(path)
      "hello"
      iex> File.rm!(path)
      :ok
  """

  @typedoc "What writes the bytes: `File.write/2`, or a fake of it."
  @type writer :: (Path.t(), iodata() -> :ok | {:error, File.posix()})

  @doc """
  Writes `content` to a new file beside `path` and moves it there.

  Its folder is made where it is missing. On an error (a full disk, say) nothing is left behind, and an older file at `path` stays as it was.
  """
  @spec write(Path.t(), iodata(), writer()) :: :ok | {:error, File.posix()}
  def write(path, content, writer \\ &File.write/2) do
    temporary = path <> ".#{System.pid()}-#{System.unique_integer([:positive])}.tmp"

    with :ok <- File.mkdir_p(Path.dirname(path)),
         :ok <- writer.(temporary, content),
         :ok <- File.rename(temporary, path) do
      :ok
    else
      {:error, reason} ->
        _ = File.rm(temporary)
        {:error, reason}
    end
  end

  @doc "The sentence for an error of the file system, or of `MyApp.Pictures.list/2`."
  @spec explain(File.posix() | :badarg | :terminated | :not_utf8) :: String.t()
  def explain(:enospc), do: "the disk is full"
  def explain(:not_utf8), do: "its name is not UTF-8; rename it"
  def explain(reason), do: reason |> :file.format_error() |> List.to_string()
end
