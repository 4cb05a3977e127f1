defmodule Cantilever.WebServer.Connection do
  @moduledoc false
  # The process of one connection: it answers requests one after the other, and may become a WebSocket.

  require Logger

  alias Cantilever.WebServer.Addresses
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Counters
  alias Cantilever.WebServer.Handshake
  alias Cantilever.WebServer.Page
  alias Cantilever.WebServer.Request
  alias Cantilever.WebServer.Response
  alias Cantilever.WebServer.Static
  alias Cantilever.WebServer.Stream
  alias Cantilever.WebServer.WebSocketConnection

  @handed_over_ms 5_000
  # To read a request takes so much, in words; a heap that has to grow is collected each time.
  @request_words 1_598

  @spec start_link(atom, :tcp | :tls) :: {:ok, pid}
  def start_link(name, kind) do
    {:ok,
     :proc_lib.spawn_opt(__MODULE__, :init, [name, kind], [:link, min_heap_size: @request_words])}
  end

  @doc "Hands the socket over, which the process owns now."
  @spec serve(pid, term) :: term
  def serve(connection, socket), do: send(connection, {:serve, socket})

  @doc false
  @spec init(atom, :tcp | :tls) :: term
  def init(name, kind) do
    config = Config.fetch!(name)

    receive do
      {:serve, socket} -> handshake({kind, socket}, config)
    after
      # The acceptor has died in between.
      @handed_over_ms -> closed(config)
    end
  end

  defp handshake({:tcp, _socket} = stream, config), do: serve_requests(stream, config)

  defp handshake({:tls, socket} = stream, config) do
    case :ssl.handshake(socket, config.options.request_timeout_ms) do
      {:ok, socket} -> serve_requests({:tls, socket}, config)
      {:error, _reason} -> close(stream, config)
    end
  end

  defp serve_requests(stream, config),
    do: next_request(stream, config, "", 1, config.options.request_timeout_ms)

  # Before its first byte a request may take the time of keep-alive, and from there on its own.
  defp next_request(stream, config, rest, nth, patience_ms) do
    until = now_ms() + patience_ms

    case read(stream, config.options, rest, 0, until) do
      {:ok, request, rest} -> answer(stream, config, request, rest, nth)
      {:error, status} when is_integer(status) -> refuse(stream, config, status)
      # Also one that was silent between requests: it is let go without a word.
      {:error, _closed} -> close(stream, config)
    end
  end

  defp read(stream, options, bytes, seen, until) do
    case Request.read(bytes, seen, options) do
      :more ->
        case more(stream, bytes, max(until - now_ms(), 0)) do
          {:ok, more} when bytes == "" ->
            read(stream, options, more, 0, now_ms() + options.request_timeout_ms)

          {:ok, more} ->
            read(stream, options, bytes <> more, byte_size(bytes), until)

          {:error, :timeout} when bytes != "" ->
            {:error, 408}

          {:error, reason} ->
            {:error, reason}
        end

      done ->
        done
    end
  end

  defp more(stream, "", timeout), do: Stream.await(stream, timeout)
  defp more(stream, _begun, timeout), do: Stream.recv(stream, timeout)

  defp answer(stream, config, request, rest, nth) do
    Counters.add(config.counters, :requests)
    path = request.path

    case {Request.host?(request, config.options.hosts), config.options.sockets} do
      {false, _sockets} -> refuse(stream, config, 421)
      {true, %{^path => socket}} -> upgrade(stream, config, request, rest, socket)
      {true, _no_socket} -> answer_page(stream, config, request, rest, nth)
    end
  end

  defp answer_page(stream, config, request, rest, nth) do
    {status, headers, body} = Page.answer(request, config)

    close? =
      not Request.keep_alive?(request) or nth >= config.options.max_requests or
        Config.draining?(config)

    head = Response.head(status, headers, size(status, body), close?)

    body = if request.method == "HEAD", do: "", else: body

    case send_page(stream, head, body, config.options.send_timeout_ms) do
      :ok when not close? ->
        next_request(stream, config, rest, nth + 1, config.options.keep_alive_ms)

      _closed ->
        close(stream, config)
    end
  end

  defp size(304, _body), do: nil
  defp size(_status, {:file, file}), do: file.size
  defp size(_status, body), do: IO.iodata_length(body)

  defp send_page(stream, head, {:file, file}, part_ms),
    do: Static.send(stream, head, file, part_ms)

  defp send_page(stream, head, body, _part_ms), do: Stream.write(stream, [head, body])

  defp upgrade(stream, config, request, rest, {module, options}) do
    with {:ok, accept} <- Handshake.accept(request),
         {:origin, true} <-
           {:origin, Handshake.origin_allowed?(request, config.options.check_origin)},
         {:ok, params} <- Request.params(request),
         {:ok, subprotocol, token} <- Handshake.subprotocol(request),
         {:ok, socket} <- connect(module, info(stream, request, params, token, options)),
         switching = Response.switching(accept, subprotocol),
         {:written, :ok} <- {:written, Stream.write_soon(stream, switching, config.direct?)} do
      Counters.add(config.counters, :upgraded)
      WebSocketConnection.enter(stream, config, module, socket, rest)
    else
      {:error, status} when is_integer(status) ->
        refuse(stream, config, status)

      {:origin, false} ->
        Counters.add(config.counters, :rejected_origins)
        refuse(stream, config, 403)

      {:written, {:error, _gone}} ->
        close(stream, config)

      _no_params_no_token_or_not_let_in ->
        Counters.add(config.counters, :rejected_sockets)
        refuse(stream, config, 403)
    end
  end

  defp connect(module, info) do
    module.connect(info)
  catch
    kind, reason ->
      Logger.error(Exception.format(kind, reason, __STACKTRACE__))
      {:error, 500}
  end

  defp info(stream, request, params, token, options) do
    peer =
      case Stream.peer(stream) do
        {address, port} -> %{address: address, port: port}
        nil -> nil
      end

    %{
      endpoint: nil,
      transport: :websocket,
      options: options,
      params: params,
      connect_info: %{
        peer_data: peer,
        user_agent: request.headers["user-agent"],
        headers: request.headers,
        auth_token: token,
        frames: true
      }
    }
  end

  defp refuse(stream, config, status) do
    _gone = Stream.write(stream, Response.refusal(status))
    Stream.finish(stream)
    closed(config)
  end

  defp close(stream, config) do
    Stream.close(stream)
    closed(config)
  end

  @doc "Counts the calling process off, as its connection has ended."
  @spec closed(Config.t()) :: :ok
  def closed(config) do
    _left = Addresses.leave(config.addresses, self())
    Counters.add(config.counters, :closed)
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
