defmodule Cantilever.Bench.WebSocket.Attacks.Hostile do
  @moduledoc false
  # A client of HTTP and WebSockets that sends what no client should.

  @timeout_ms 10_000
  @key "dGhlIHNhbXBsZSBub25jZQ=="

  @type socket :: :gen_tcp.socket()

  @doc "Connects from an address; none where the server does not take it."
  @spec connect(:inet.ip_address(), :inet.port_number()) :: socket | nil
  def connect(from, port) do
    # Closed by a reset: a port that waits after its connection is not there for the next one.
    options = [
      :binary,
      ip: from,
      active: false,
      nodelay: true,
      linger: {true, 0},
      send_timeout: @timeout_ms
    ]

    case :gen_tcp.connect({127, 0, 0, 1}, port, options, @timeout_ms) do
      {:ok, socket} -> socket
      {:error, reason} when reason in [:econnrefused, :econnreset, :timeout] -> nil
    end
  end

  @doc "The status that the request to become a WebSocket is answered with; 0 where it has no answer."
  @spec upgrade(socket, :inet.port_number(), String.t(), iodata) :: non_neg_integer
  def upgrade(socket, port, token, headers \\ []) do
    request = [
      "GET /chat/websocket?vsn=2.0.0&token=#{token} HTTP/1.1\r\nHost: 127.0.0.1:#{port}\r\n",
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
      "Sec-WebSocket-Key: #{@key}\r\n",
      headers,
      "\r\n"
    ]

    with :ok <- :gen_tcp.send(socket, request), do: head(socket, ""), else: (_gone -> 0)
  end

  # Whoever has not sent a frame yet gets none.
  defp head(socket, bytes) do
    with :nomatch <- :binary.match(bytes, "\r\n\r\n"),
         {:ok, more} <- :gen_tcp.recv(socket, 0, @timeout_ms) do
      head(socket, bytes <> more)
    else
      {:error, _closed} ->
        0

      _end ->
        <<"HTTP/1.1 ", status::binary-size(3), _rest::binary>> = bytes
        String.to_integer(status)
    end
  end

  @doc "What has come, without waiting for it."
  @spec come(socket) :: {:ok, binary} | :closed
  def come(socket) do
    case :gen_tcp.recv(socket, 0, 0) do
      {:ok, bytes} -> {:ok, bytes}
      {:error, :timeout} -> {:ok, ""}
      {:error, _closed} -> :closed
    end
  end

  @doc "The next frame of the server's: a text, or the code that it closes with; pings are left out."
  @spec answer(socket) :: {:text, binary} | {:close, pos_integer} | :closed
  def answer(socket) do
    with {:ok, <<1::1, 0::3, opcode::4, 0::1, short::7>>} <- recv(socket, 2),
         {:ok, size} <- size(socket, short),
         {:ok, data} <- recv(socket, size) do
      case {opcode, data} do
        {1, text} -> {:text, text}
        {8, <<code::16, _reason::binary>>} -> {:close, code}
        {9, _ping} -> answer(socket)
      end
    else
      {:error, _closed} -> :closed
    end
  end

  defp size(_socket, short) when short < 126, do: {:ok, short}

  defp size(socket, short) do
    with {:ok, size} <- recv(socket, if(short == 126, do: 2, else: 8)),
         do: {:ok, :binary.decode_unsigned(size)}
  end

  defp recv(_socket, 0), do: {:ok, ""}
  defp recv(socket, size), do: :gen_tcp.recv(socket, size, @timeout_ms)

  @doc "A frame. A mask of zeros leaves the data as it is."
  @spec frame(0..15, binary, fin: 0..1) :: iodata
  def frame(opcode, data, options \\ []) do
    size =
      case byte_size(data) do
        size when size < 126 -> <<1::1, size::7>>
        size when size < 65_536 -> <<1::1, 126::7, size::16>>
        size -> <<1::1, 127::7, size::64>>
      end

    [<<Keyword.get(options, :fin, 1)::1, 0::3, opcode::4>>, size, <<0::32>>, data]
  end
end
