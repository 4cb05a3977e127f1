defmodule MyApp.Pictures do
  @moduledoc """
  The pictures in a folder and in the folders below it.

      iex> MyApp.Pictures.list("/no/such/folder")
      {:error, :enoent}
  """

  @extensions ~w(.jpg .jpeg .png .webp)

  @typedoc "A file: where it is, and its path below the folder that was listed."
  @type picture :: %{path: Path.t(), name: String.t()}

  @typedoc "A folder below that could not be read, or a file or folder whose name is no text."
  @type unreadable :: %{name: String.t(), reason: File.posix() | :not_utf8}

  @doc "The extensions of the files that count as pictures, in lower case."
  @spec extensions() :: [String.t()]
  def extensions, do: @extensions

  @doc """
  Lists the pictures in `dir` and below, and what could not be read there.

  Both are sorted by name. A name that is not UTF-8 cannot be shown or put on a page, so it counts as unreadable, and
  `\\xNN` stands for each byte that is none. Links to folders are not followed, and `except` (a folder) is left out. The error is that of reading `dir` itself.
  """
  @spec list(Path.t(), except: Path.t()) ::
          {:ok, [picture()], [unreadable()]} | {:error, File.posix()}
  def list(dir, options \\ []) do
    except = options |> Keyword.get(:except, "") |> Path.expand()

    with {:ok, entries} <- ls(dir) do
      {pictures, unreadable} =
        entries
        |> Enum.map(&entry(dir, &1, &1, except))
        |> collect()

      {:ok, Enum.sort_by(pictures, & &1.name), Enum.sort_by(unreadable, & &1.name)}
    end
  end

  # `File.ls/1` leaves out the names that are not UTF-8.
  defp ls(dir) do
    with {:ok, entries} <- :file.list_dir_all(dir) do
      {:ok, Enum.map(entries, &IO.chardata_to_string/1)}
    end
  end

  defp entry(dir, file, name, except) do
    path = Path.join(dir, file)
    folder? = match?({:ok, %File.Stat{type: :directory}}, File.lstat(path))

    cond do
      not String.valid?(file) -> {[], not_utf8(name, folder?)}
      not folder? -> {picture(path, name), []}
      Path.expand(path) == except -> {[], []}
      true -> folder(path, name, except)
    end
  end

  # A folder may hold pictures; a file that is no picture concerns nobody.
  defp not_utf8(name, folder?) do
    if folder? or picture?(name), do: [%{name: shown(name), reason: :not_utf8}], else: []
  end

  defp shown(<<char::utf8, rest::binary>>), do: <<char::utf8>> <> shown(rest)
  defp shown(<<byte, rest::binary>>), do: "\\x" <> Base.encode16(<<byte>>) <> shown(rest)
  defp shown(<<>>), do: ""

  defp folder(path, name, except) do
    case ls(path) do
      {:ok, entries} ->
        entries |> Enum.map(&entry(path, &1, Path.join(name, &1), except)) |> collect()

      {:error, reason} ->
        {[], [%{name: name, reason: reason}]}
    end
  end

  defp picture(path, name) do
    if picture?(name), do: [%{path: path, name: name}], else: []
  end

  defp picture?(name), do: String.downcase(Path.extname(name), :ascii) in @extensions

  defp collect(found) do
    {pictures, unreadable} = Enum.unzip(found)
    {Enum.concat(pictures), Enum.concat(unreadable)}
  end
end
