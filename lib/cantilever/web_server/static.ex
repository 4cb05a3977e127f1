defmodule Cantilever.WebServer.Static do
  @moduledoc false
  # The files that a server serves. Their paths are listed when it starts: what is not in the list is not there, whatever a request makes of dots and
  # slashes. What they hold may change later.

  alias Cantilever.WebServer.Stream

  # Each part of a file is to be read by the client in the time that a write may take.
  @part_bytes 65_536

  @types %{
    ".html" => "text/html; charset=utf-8",
    ".css" => "text/css; charset=utf-8",
    ".js" => "text/javascript; charset=utf-8",
    ".mjs" => "text/javascript; charset=utf-8",
    ".json" => "application/json",
    ".map" => "application/json",
    ".webmanifest" => "application/manifest+json",
    ".svg" => "image/svg+xml",
    ".png" => "image/png",
    ".jpg" => "image/jpeg",
    ".jpeg" => "image/jpeg",
    ".webp" => "image/webp",
    ".gif" => "image/gif",
    ".ico" => "image/x-icon",
    ".txt" => "text/plain; charset=utf-8",
    ".woff2" => "font/woff2",
    ".wasm" => "application/wasm"
  }

  @type file :: %{
          path: Path.t(),
          size: non_neg_integer,
          mtime: integer,
          type: String.t(),
          etag: String.t()
        }
  @type t :: %{String.t() => file}

  @spec index(Path.t() | nil) :: t
  def index(nil), do: %{}

  def index(folder) do
    files =
      for path <- Path.wildcard(Path.join(folder, "**")), File.regular?(path), into: %{} do
        {"/" <> Path.relative_to(path, folder), file(path)}
      end

    case files do
      %{"/index.html" => index} -> Map.put(files, "/", index)
      _no_index -> files
    end
  end

  @doc "The file at a path, as it is now."
  @spec fetch(t, String.t()) :: {:ok, file} | :error
  def fetch(files, path) do
    with {:ok, %{size: size, mtime: mtime} = file} <- Map.fetch(files, path) do
      case File.stat(file.path, time: :posix) do
        {:ok, %{type: :regular, size: ^size, mtime: ^mtime}} -> {:ok, file}
        {:ok, %{type: :regular}} -> {:ok, file(file.path)}
        _gone -> :error
      end
    end
  rescue
    # Gone while it was read.
    File.Error -> :error
  end

  defp file(path) do
    content = File.read!(path)

    %{
      path: path,
      size: byte_size(content),
      mtime: File.stat!(path, time: :posix).mtime,
      type:
        Map.get(@types, path |> Path.extname() |> String.downcase(), "application/octet-stream"),
      etag: ~s("#{:sha256 |> :crypto.hash(content) |> binary_part(0, 12) |> Base.url_encode64()}")
    }
  end

  @doc "Sends the head of an answer, and a file after it."
  @spec send(Stream.t(), iodata, file, pos_integer) :: :ok | {:error, term}
  def send(stream, head, file, part_ms) do
    with {:ok, open} <- :file.open(file.path, [:read, :raw, :binary]) do
      try do
        with :ok <- Stream.write(stream, head),
             do: parts(stream, open, 0, file.size, part_ms)
      after
        _closed = :file.close(open)
      end
    end
  end

  defp parts(_stream, _file, size, size, _part_ms), do: :ok

  defp parts(stream, file, at, size, part_ms) do
    bytes = min(@part_bytes, size - at)

    with :ok <- in_time(part_ms, fn -> Stream.send_file(stream, file, at, bytes) end),
         do: parts(stream, file, at + bytes, size, part_ms)
  end

  # The system sends a file without a limit of time, and who waits for it hears nothing but that it is killed.
  defp in_time(ms, send) do
    {:ok, timer} = :timer.kill_after(ms)
    result = send.()
    {:ok, :cancel} = :timer.cancel(timer)
    result
  end
end
