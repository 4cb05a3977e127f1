defmodule Cantilever.WebServer.Handshake do
  @moduledoc false
  # Whether a request may become a WebSocket (RFC 6455, section 4.2.1), of which subprotocol, and whether its page may ask for it.

  alias Cantilever.WebServer.Request

  @guid "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
  @subprotocol "phoenix"
  @token_prefix "base64url.bearer.phx."

  @doc "What proves to the client that the server speaks WebSocket; or the status to answer with."
  @spec accept(Request.t()) :: {:ok, String.t()} | {:error, 400 | 405 | 426}
  def accept(request) do
    key = request.headers["sec-websocket-key"]

    cond do
      request.method != "GET" -> {:error, 405}
      not Request.lists?(request, "upgrade", "websocket") -> {:error, 426}
      request.version != {1, 1} -> {:error, 400}
      not Request.lists?(request, "connection", "upgrade") -> {:error, 400}
      request.headers["sec-websocket-version"] != "13" -> {:error, 426}
      not key?(key) -> {:error, 400}
      true -> {:ok, Base.encode64(:crypto.hash(:sha, key <> @guid))}
    end
  end

  defp key?(key), do: is_binary(key) and match?({:ok, <<_::128>>}, Base.decode64(key))

  # A page can give a WebSocket no headers, but names of subprotocols: there Phoenix's client puts the token that is not to stand in a URL.
  @doc "The subprotocol to answer with, and the token that the client has offered as another one: each nil if there is none."
  @spec subprotocol(Request.t()) ::
          {:ok, subprotocol :: String.t() | nil, token :: binary | nil}
          | {:error, :malformed_token}
  def subprotocol(%{headers: %{"sec-websocket-protocol" => offers}}) do
    offered = Request.elements(offers)
    subprotocol = if @subprotocol in offered, do: @subprotocol

    case for(@token_prefix <> token <- offered, do: decode(token)) do
      [] -> {:ok, subprotocol, nil}
      [{:ok, token}] -> {:ok, subprotocol, token}
      _malformed_or_many -> {:error, :malformed_token}
    end
  end

  def subprotocol(_request), do: {:ok, nil, nil}

  # The client writes the common alphabet of base 64, and Phoenix reads that; the prefix says the one for URLs.
  defp decode(token) do
    with :error <- Base.decode64(token, padding: false),
         do: Base.url_decode64(token, padding: false)
  end

  # Only browsers say where a page is from, and only they have somebody's cookies to misuse.
  @doc "Whether the page that asks is one of those that may."
  @spec origin_allowed?(Request.t(), boolean | [String.t()]) :: boolean
  def origin_allowed?(%{headers: headers}, _check) when not is_map_key(headers, "origin"),
    do: true

  def origin_allowed?(_request, false), do: true

  def origin_allowed?(%{headers: headers}, true) do
    case URI.new(headers["origin"]) do
      {:ok, %URI{scheme: scheme, host: host, port: port}} when is_binary(host) ->
        authority(host, port, scheme) == String.downcase(headers["host"] || "", :ascii) or
          "#{host}:#{port}" == headers["host"]

      _no_origin ->
        false
    end
  end

  def origin_allowed?(%{headers: headers}, origins), do: headers["origin"] in origins

  defp authority(host, port, scheme) do
    host = String.downcase(host, :ascii)
    host = if String.contains?(host, ":"), do: "[#{host}]", else: host
    if port in [nil, URI.default_port(scheme)], do: host, else: "#{host}:#{port}"
  end
end
