defmodule MyApp.Pictures do
  @moduledoc """
  The pictures in a folder and in the folders below it.

      iex> MyApp.Pictures.list("/no/such/folder")
      {:error, :enoent}
  """

  @extensions ~w(.jpg .jpeg .png .webp)

  @typedoc "A file: where it is, and its path below the folder that was listed."
  @type picture :: %{path: Path.t(), name: String.t()}

  @typedoc "A folder below that could not be read."
  @type unreadable :: %{name: String.t(), reason: File.posix()}

  @doc "The extensions of the files that count as pictures, in lower case."
  @spec extensions() :: [String.t()]
  def extensions, do: @extensions

  @doc """
  Lists the pictures in `dir` and below, and what could not be read there.

  Both are sorted by name. Links to folders are not followed, and `except` (a folder) is left out. The error is that of reading `dir` itself.
  """
  @spec list(Path.t(), except: Path.t()) ::
          {:ok, [picture()], [unreadable()]} | {:error, File.posix()}
  def list(dir, options \\ []) do
    except = options |> Keyword.get(:except, "") |> Path.expand()

    with {:ok, entries} <- File.ls(dir) do
      {pictures, unreadable} =
        entries
        |> Enum.map(&entry(dir, &1, &1, except))
        |> collect()

      {:ok, Enum.sort_by(pictures, & &1.name), Enum.sort_by(unreadable, & &1.name)}
    end
  end

  defp entry(dir, file, name, except) do
    path = Path.join(dir, file)

    case File.lstat(path) do
      {:ok, %File.Stat{type: :directory}} ->
        if Path.expand(path) == except, do: {[], []}, else: folder(path, name, except)

      _file_or_link_or_gone ->
        {picture(path, name), []}
    end
  end

  defp folder(path, name, except) do
    case File.ls(path) do
      {:ok, entries} ->
        entries |> Enum.map(&entry(path, &1, Path.join(name, &1), except)) |> collect()

      {:error, reason} ->
        {[], [%{name: name, reason: reason}]}
    end
  end

  defp picture(path, name) do
    if String.downcase(Path.extname(name)) in @extensions do
      [%{path: path, name: name}]
    else
      []
    end
  end

  defp collect(found) do
    {pictures, unreadable} = Enum.unzip(found)
    {Enum.concat(pictures), Enum.concat(unreadable)}
  end
end
