defmodule Cantilever.WebClient do
  @moduledoc false
  # A client of HTTP and WebSockets that sends what it is told, also what no client should.

  import ExUnit.Assertions

  @timeout_ms 5_000

  @type client :: {:gen_tcp | :ssl, term}

  @spec open(:inet.port_number(), keyword) :: client
  def open(port, options \\ []) do
    {:ok, socket} =
      :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false] ++ options, @timeout_ms)

    {:gen_tcp, socket}
  end

  @spec send(client, iodata) :: :ok | {:error, term}
  def send({module, socket}, data), do: module.send(socket, data)

  @spec close(client) :: :ok
  def close({module, socket}), do: module.close(socket)

  @doc "Makes a request, and returns the status, the headers and the body."
  @spec get(client, String.t(), [String.t()], String.t()) ::
          {pos_integer, %{String.t() => String.t()}, binary}
  def get(client, path, headers \\ [], method \\ "GET") do
    :ok = __MODULE__.send(client, request(method, path, headers))
    response(client, method)
  end

  @spec request(String.t(), String.t(), [String.t()]) :: iodata
  def request(method, path, headers) do
    host =
      if Enum.any?(headers, &String.starts_with?(&1, "Host:")), do: [], else: ["Host: localhost"]

    ["#{method} #{path} HTTP/1.1\r\n", Enum.map(host ++ headers, &[&1, "\r\n"]), "\r\n"]
  end

  @doc "Reads an answer."
  @spec response(client, String.t()) :: {pos_integer, %{String.t() => String.t()}, binary}
  def response(client, method \\ "GET") do
    {head, rest} = read_until(client, "", "\r\n\r\n")
    ["HTTP/1.1 " <> <<status::binary-size(3)>> <> _reason | lines] = String.split(head, "\r\n")

    headers =
      Map.new(lines, fn line ->
        [name, value] = String.split(line, ": ", parts: 2)
        {name, value}
      end)

    size =
      if method == "HEAD", do: 0, else: String.to_integer(Map.get(headers, "content-length", "0"))

    {String.to_integer(status), headers, read_bytes(client, rest, size)}
  end

  @doc "What the server sends until it closes."
  @spec rest(client) :: binary
  def rest({module, socket} = client) do
    case module.recv(socket, 0, @timeout_ms) do
      {:ok, data} -> data <> rest(client)
      {:error, reason} when reason in [:closed, :econnreset] -> ""
    end
  end

  @handshake [
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  ]

  @spec handshake() :: [String.t()]
  def handshake, do: @handshake

  @doc "Opens a WebSocket."
  @spec upgrade(client, String.t(), [String.t()]) :: client
  def upgrade(client, path, headers \\ []) do
    assert {101, answer, ""} = get(client, path, @handshake ++ headers)
    assert answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    client
  end

  @doc "Sends texts with the handshake, and while it is answered, to a socket that says what it hears: it is to hear them in order."
  @spec assert_in_order(client) :: true
  def assert_in_order({module, socket} = client) do
    texts = for n <- 1..9, do: "text #{n}"
    [with_it, half | after_it] = for text <- texts, do: frame(1, text)
    {begun, ended} = half |> IO.iodata_to_binary() |> :erlang.split_binary(3)

    request = request("GET", "/echo?wait=1", @handshake)
    :ok = __MODULE__.send(client, [request, with_it, begun])
    assert_receive {:connecting, connection}, @timeout_ms
    :ok = __MODULE__.send(client, [ended | after_it])
    Kernel.send(connection, :go_on)

    said = for text <- texts, into: "", do: <<0x81, byte_size(text), text::binary>>
    assert {101, _headers, rest} = response(client)
    left = byte_size(said) - byte_size(rest)
    {:ok, more} = if left == 0, do: {:ok, ""}, else: module.recv(socket, left, @timeout_ms)
    assert rest <> more == said
  end

  @doc "A frame as a client sends it."
  @spec frame(0..15, binary, keyword) :: iodata
  def frame(opcode, data, options \\ []) do
    fin = Keyword.get(options, :fin, 1)
    mask? = Keyword.get(options, :mask, true)
    size = Keyword.get(options, :size, byte_size(data))
    bit = if mask?, do: 1, else: 0

    length =
      cond do
        size < 126 -> <<bit::1, size::7>>
        size < 65_536 -> <<bit::1, 126::7, size::16>>
        true -> <<bit::1, 127::7, size::64>>
      end

    # A mask of zeros leaves the data as it is.
    [<<fin::1, 0::3, opcode::4>>, length, if(mask?, do: <<0::32>>, else: ""), data]
  end

  @spec send_text(client, iodata) :: :ok | {:error, term}
  def send_text(client, text),
    do: __MODULE__.send(client, frame(1, IO.iodata_to_binary(text)))

  @doc "Reads one frame, or `:closed`."
  @spec recv_frame(client) :: {0..15, binary} | {:close, pos_integer | nil} | :closed
  def recv_frame({module, socket}) do
    with {:ok, <<1::1, 0::3, opcode::4, 0::1, short::7>>} <- module.recv(socket, 2, @timeout_ms),
         {:ok, size} <- size(module, socket, short),
         {:ok, data} <- recv(module, socket, size) do
      case {opcode, data} do
        {8, <<code::16, _reason::binary>>} -> {:close, code}
        {8, ""} -> {:close, nil}
        frame -> frame
      end
    else
      {:error, reason} when reason in [:closed, :econnreset] -> :closed
    end
  end

  defp size(_module, _socket, short) when short < 126, do: {:ok, short}

  defp size(module, socket, short) do
    bytes = if short == 126, do: 2, else: 8

    with {:ok, size} <- module.recv(socket, bytes, @timeout_ms),
         do: {:ok, :binary.decode_unsigned(size)}
  end

  defp recv(_module, _socket, 0), do: {:ok, ""}
  defp recv(module, socket, size), do: module.recv(socket, size, @timeout_ms)

  defp read_until({module, socket} = client, bytes, pattern) do
    case :binary.split(bytes, pattern) do
      [head, rest] ->
        {head, rest}

      [_more] ->
        {:ok, more} = module.recv(socket, 0, @timeout_ms)
        read_until(client, bytes <> more, pattern)
    end
  end

  defp read_bytes(_client, bytes, size) when byte_size(bytes) >= size, do: bytes

  defp read_bytes({module, socket} = client, bytes, size) do
    {:ok, more} = module.recv(socket, 0, @timeout_ms)
    read_bytes(client, bytes <> more, size)
  end
end
