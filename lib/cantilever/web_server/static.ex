defmodule Cantilever.WebServer.Static do
  @moduledoc false
  # The files that a server serves. Their paths are listed when it starts: what is not in the list is not there, whatever a request makes of dots and
  # slashes.

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

  @spec fetch(t, String.t()) :: {:ok, file} | :error
  def fetch(files, path), do: Map.fetch(files, path)

  defp file(path) do
    content = File.read!(path)

    %{
      path: path,
      size: byte_size(content),
      type:
        Map.get(@types, path |> Path.extname() |> String.downcase(), "application/octet-stream"),
      etag: ~s("#{:sha256 |> :crypto.hash(content) |> binary_part(0, 12) |> Base.url_encode64()}")
    }
  end
end
