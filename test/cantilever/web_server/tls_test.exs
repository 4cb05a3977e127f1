defmodule Cantilever.WebServer.TLSTest do
  use ExUnit.Case, async: true

  import Cantilever.WebClient, except: [send: 2]

  alias Cantilever.EchoSocket
  alias Cantilever.WebClient
  alias Cantilever.WebServer

  @moduletag :tmp_dir

  setup %{tmp_dir: tmp_dir} = context do
    # The VM makes them for tests like this one.
    options = [digest: :sha256, key: {:namedCurve, :secp256r1}]
    chain = %{root: options, intermediates: [], peer: options}

    %{server_config: tls} =
      :public_key.pkix_test_data(%{server_chain: chain, client_chain: chain})

    static = Path.join(tmp_dir, "static")
    File.mkdir_p!(static)
    File.write!(Path.join(static, "index.html"), "<h1>Hello</h1>")

    options = [
      name: __MODULE__.Server,
      port: 0,
      tls: [verify: :verify_none] ++ Keyword.take(tls, [:cert, :key]),
      static: static,
      sockets: %{"/echo" => {EchoSocket, test: self()}}
    ]

    start_supervised!({WebServer, options ++ Map.get(context, :server, [])})
    {:ok, port: WebServer.port(__MODULE__.Server)}
  end

  defp open_tls(port) do
    {:ok, socket} =
      :ssl.connect({127, 0, 0, 1}, port, [:binary, active: false, verify: :verify_none], 5_000)

    {:ssl, socket}
  end

  test "pages and WebSockets go by TLS", %{port: port} do
    client = open_tls(port)
    assert {200, _headers, "<h1>Hello</h1>"} = get(client, "/")
    upgrade(client, "/echo")
    assert_receive {:socket, pid, %{connect_info: %{peer_data: %{address: {127, 0, 0, 1}}}}}

    for text <- ["hello", String.duplicate("x", 100_000)] do
      :ok = send_text(client, text)
      assert recv_frame(client) == {1, text}
    end

    for n <- 1..200, do: send(pid, {:say, {:text, "#{n}"}})
    for n <- 1..200, do: assert(recv_frame(client) == {1, "#{n}"})
    :ok = WebClient.send(client, frame(8, <<1000::16>>))
    assert recv_frame(client) == {:close, 1000}
    assert_receive {:terminated, ^pid, :remote}
  end

  @tag server: [request_timeout_ms: 200]
  test "who does not shake hands is let go", %{port: port} do
    assert rest(open(port)) == ""
    client = open(port)
    :ok = WebClient.send(client, "GET / HTTP/1.1\r\n\r\n")
    # An alert, perhaps, and no answer.
    refute rest(client) =~ "HTTP"
  end

  # Which no test has.
  @tag server: [close_timeout_ms: 600_000]
  test "who breaks the rules is told so, and sees that nothing more comes", %{port: port} do
    client = port |> open_tls() |> upgrade("/echo")
    assert_receive {:socket, pid, _info}
    :ok = WebClient.send(client, frame(1, "unmasked", mask: false))
    assert recv_frame(client) == {:close, 1002}
    assert recv_frame(client) == :closed
    WebClient.close(client)
    assert_receive {:terminated, ^pid, :closed}
  end

  test "what comes with the handshake comes before what comes after it", %{port: port} do
    assert_in_order(open_tls(port))
  end

  test "a client that goes away ends its connection", %{port: port} do
    client = port |> open_tls() |> upgrade("/echo")
    assert_receive {:socket, pid, _info}
    WebClient.close(client)
    assert_receive {:terminated, ^pid, :closed}
  end
end
