defmodule Cantilever.WebServer.Page do
  @moduledoc false
  # What is answered to requests that are no WebSocket.

  require Logger

  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Metrics
  alias Cantilever.WebServer.Request
  alias Cantilever.WebServer.Response
  alias Cantilever.WebServer.Static

  @type answer :: {100..599, Response.headers(), iodata | {:file, Static.file()}}

  @spec answer(Request.t(), Config.t()) :: answer
  def answer(%{method: method}, _config) when method not in ["GET", "HEAD"] do
    {_status, headers, text} = plain(405)
    {405, [{"allow", "GET, HEAD"} | headers], text}
  end

  def answer(%{path: "/health"}, config) do
    if Config.draining?(config),
      do: {503, json(), ~s({"status":"draining"}\n)},
      else: {200, json(), ~s({"status":"serving"}\n)}
  end

  def answer(%{path: "/metrics"}, %{options: %{metrics: true}} = config),
    do: {200, [{"content-type", Metrics.content_type()}, no_store()], Metrics.text(config)}

  def answer(%{path: path} = request, config) do
    case config.options.routes do
      %{^path => route} -> route(route, request)
      _no_route -> file(Static.fetch(config.static, path), request)
    end
  end

  # It is asked again for each load whether the file is the same.
  defp file({:ok, %{etag: etag} = file}, request) do
    headers = [{"content-type", file.type}, {"etag", etag}, {"cache-control", "no-cache"}]

    if request.headers["if-none-match"] == etag,
      do: {304, headers, ""},
      else: {200, headers, {:file, file}}
  end

  defp file(:error, _request), do: plain(404)

  defp route({module, function, arguments}, request) do
    case Request.params(request) do
      {:ok, params} ->
        given = request |> Map.take([:method, :path, :headers]) |> Map.put(:params, params)
        answer!(apply(module, function, [given | arguments]))

      :error ->
        plain(400)
    end
  catch
    kind, reason ->
      Logger.error(Exception.format(kind, reason, __STACKTRACE__))
      plain(500)
  end

  # What is none is found out here, and not when half of it is written.
  defp answer!({status, headers, body}) when status in 200..599 do
    headers =
      for {name, value} <- headers,
          name = name |> to_string() |> String.downcase(),
          name not in ["connection", "content-length", "date", "transfer-encoding"],
          do: {name, IO.iodata_to_binary(value)}

    cache = if List.keymember?(headers, "cache-control", 0), do: [], else: [no_store()]
    {status, cache ++ headers, IO.iodata_to_binary(body)}
  end

  defp answer!(other) do
    raise ArgumentError,
          "a route returns {status, headers, body} with a status from 200 to 599, got: #{inspect(other)}"
  end

  defp plain(status),
    do: {status, [{"content-type", "text/plain; charset=utf-8"}], Response.text(status)}

  defp json, do: [{"content-type", "application/json"}, no_store()]
  defp no_store, do: {"cache-control", "no-store"}
end
