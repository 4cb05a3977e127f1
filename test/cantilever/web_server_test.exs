defmodule Cantilever.WebServerTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually
  import Cantilever.Hibernation
  import Cantilever.WebClient, except: [send: 2]

  alias Cantilever.EchoSocket
  alias Cantilever.WebClient
  alias Cantilever.WebServer
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Wakefulness

  @moduletag :tmp_dir

  setup context do
    name = Module.concat(context.module, "Server#{System.unique_integer([:positive])}")
    static = Path.join(context.tmp_dir, "static")
    File.mkdir_p!(Path.join(static, "assets"))
    File.write!(Path.join(static, "index.html"), "<h1>Hello</h1>")
    File.write!(Path.join(static, "assets/app.js"), "hello()")
    File.write!(Path.join(context.tmp_dir, "secret.txt"), "secret")

    options =
      [
        name: name,
        port: 0,
        static: static,
        sockets: %{"/echo" => {EchoSocket, test: self()}},
        routes: %{
          "/hello" => {__MODULE__, :hello, ["!"]},
          "/crash" => {__MODULE__, :crash, []},
          "/throw" => {__MODULE__, :throw_it, []},
          "/wrong" => {__MODULE__, :returns, [{200, :none, ""}]},
          "/body" => {__MODULE__, :returns, [{200, [], :none}]},
          "/status" => {__MODULE__, :returns, [{"200", [], ""}]},
          "/own" =>
            {__MODULE__, :returns,
             [{404, %{"Content-Length" => "99", "Cache-Control" => "public"}, "own"}]}
        }
      ] ++ Map.get(context, :server, [])

    start_supervised!({WebServer, options})
    {:ok, server: name, port: WebServer.port(name)}
  end

  def hello(%{method: "GET", params: params}, more),
    do: {200, [{"content-type", "text/plain"}], ["Hello, ", params["name"] || "you", more]}

  def crash(_request), do: raise("crashed")
  def throw_it(_request), do: throw(:it)
  def returns(_request, answer), do: answer

  describe "a request" do
    test "for a file is answered with it", %{port: port} do
      client = open(port)
      assert {200, headers, "<h1>Hello</h1>"} = get(client, "/")
      assert headers["content-type"] == "text/html; charset=utf-8"
      assert headers["content-security-policy"] =~ "default-src 'self'"
      assert headers["x-content-type-options"] == "nosniff"

      assert {200, %{"content-type" => "text/javascript" <> _}, "hello()"} =
               get(client, "/assets/app.js")

      assert {200, %{"content-length" => "7"}, ""} = get(client, "/assets/app.js", [], "HEAD")
      assert {304, _, ""} = get(client, "/", ["If-None-Match: " <> headers["etag"]])
      assert {200, _, _} = get(client, "/", ["If-None-Match: \"other\""])
    end

    test "for a file that has changed is answered with what it is now", %{
      port: port,
      tmp_dir: tmp_dir
    } do
      client = open(port)
      path = Path.join(tmp_dir, "static/assets/app.js")
      {200, %{"etag" => etag}, "hello()"} = get(client, "/assets/app.js")
      File.write!(path, "goodbye(1)")
      changed = get(client, "/assets/app.js", ["If-None-Match: " <> etag])
      assert {200, %{"content-length" => "10"}, "goodbye(1)"} = changed
      File.rm!(path)
      assert {404, _, _} = get(client, "/assets/app.js")
      assert {200, _, "<h1>Hello</h1>"} = get(client, "/")
    end

    test "for a large file is answered with all of it", %{port: port, tmp_dir: tmp_dir} do
      client = open(port)
      content = String.duplicate("0123456789", 50_000)
      File.write!(Path.join(tmp_dir, "static/assets/app.js"), content)
      assert {200, %{"content-length" => "500000"}, ^content} = get(client, "/assets/app.js")
      assert {200, _, "<h1>Hello</h1>"} = get(client, "/")
    end

    test "for anything else finds nothing", %{port: port} do
      client = open(port)

      for path <- [
            "/none",
            "/../secret.txt",
            "/assets/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..\\..\\secret.txt",
            "//etc/passwd",
            "/assets",
            "/assets/",
            "/index.html%00",
            "/INDEX.HTML"
          ],
          do: assert({404, _, _} = get(client, path))
    end

    test "for a route calls it with what was asked", %{port: port} do
      client = open(port)
      assert {200, headers, "Hello, Ada L!"} = get(client, "/hello?name=Ada%20L")
      assert headers["cache-control"] == "no-store"
      assert {400, _, _} = get(client, "/hello?name=%ff")
    end

    @tag :capture_log
    test "whose route crashes is answered with 500, and the next one as ever", %{port: port} do
      client = open(port)

      for path <- ["/crash", "/throw", "/wrong", "/body", "/status"],
          do: assert({^path, {500, _, _}} = {path, get(client, path)})

      assert {200, _, _} = get(client, "/hello")
    end

    test "for a route has the headers of the route, but those that say where it ends", %{
      port: port
    } do
      client = open(port)
      assert {404, headers, "own"} = get(client, "/own")
      assert %{"cache-control" => "public", "content-length" => "3"} = headers
      assert headers["date"] =~ ~r/\A\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\z/
      assert {200, _, _} = get(client, "/hello")
    end

    test "may follow another at once, in one packet or byte by byte", %{port: port} do
      last = request("GET", "/", ["Connection: close"])
      bytes = IO.iodata_to_binary([request("GET", "/hello", []), last])

      for packets <- [[bytes], for(<<byte <- bytes>>, do: <<byte>>)] do
        client = open(port, nodelay: true)
        for packet <- packets, do: :ok = WebClient.send(client, packet)

        assert [_, "Hello, you!HTTP" <> _, "<h1>Hello</h1>"] =
                 String.split(rest(client), "\r\n\r\n")
      end
    end

    test "is answered whole to a client that says that it sends no more", %{
      port: port,
      tmp_dir: tmp_dir
    } do
      content = String.duplicate("hello()", 100_000)
      File.write!(Path.join(tmp_dir, "static/assets/app.js"), content)

      for {path, body} <- [{"/assets/app.js", content}, {"/hello", "Hello, you!"}] do
        {:gen_tcp, socket} = client = open(port)
        :ok = WebClient.send(client, request("GET", path, []))
        :ok = :gen_tcp.shutdown(socket, :write)
        assert {200, _headers, ^body} = response(client)
        assert rest(client) == ""
      end
    end

    test "is the last one when it says so, and of HTTP/1.0", %{port: port} do
      client = open(port)
      assert {200, %{"connection" => "close"}, _} = get(client, "/hello", ["Connection: close"])
      assert rest(client) == ""
      client = open(port)
      :ok = WebClient.send(client, "GET /hello HTTP/1.0\r\n\r\n")
      assert {200, %{"connection" => "close"}, _} = response(client)
      assert rest(client) == ""
    end

    test "that is not taken is refused with its status", %{port: port} do
      for {request, status} <- [
            {request("POST", "/", []), 405},
            {request("BREW", "/", []), 405},
            {"GET / HTTP/1.1\r\n\r\n", 400},
            {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
            {"GET nonsense HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
            {"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
            {"nonsense\r\n\r\n", 400},
            {"\r\n\r\n", 400},
            {"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400},
            {request("GET", "/", ["Transfer-Encoding: chunked"]), 400},
            {request("GET", "/", ["Content-Length: 5"]), 413},
            {request("GET", "/", ["Content-Length: 0", "Content-Length: 5"]), 413}
          ] do
        client = open(port)
        :ok = WebClient.send(client, request)
        assert {^status, _, _} = response(client)
      end
    end

    test "for the health and the figures is answered", %{port: port} do
      client = open(port)
      assert {200, _, ~s({"status":"serving"}\n)} = get(client, "/health")

      assert {200, %{"content-type" => "text/plain; version=0.0.4" <> _}, text} =
               get(client, "/metrics")

      assert text =~ ~r/^cantilever_web_connections 1$/m
      assert text =~ ~r/^cantilever_web_requests_total 2$/m
      assert text =~ ~r/^erlang_vm_run_queue\{queue="dirty_io"\} \d+$/m

      for line <- String.split(text, "\n", trim: true),
          do:
            assert(
              line =~ ~r/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="\w+"\})? -?\d+(\.\d+(e-?\d+)?)?)$/
            )

      assert text =~ ~r/^erlang_vm_scheduler_busy_seconds_total\{scheduler="1"\} \d/m
    end
  end

  describe "a WebSocket" do
    test "says what it hears", %{port: port} do
      client = port |> open() |> upgrade("/echo?a=1&b=ü")
      assert_receive {:socket, pid, info}
      assert %{params: %{"a" => "1", "b" => "ü"}, transport: :websocket} = info
      assert %{peer_data: %{address: {127, 0, 0, 1}}, frames: true} = info.connect_info

      for text <- ["hello", String.duplicate("x", 126), String.duplicate("ü", 40_000)] do
        :ok = send_text(client, text)
        assert recv_frame(client) == {1, text}
      end

      :ok = WebClient.send(client, frame(2, <<0, 255>>))
      assert recv_frame(client) == {2, <<0, 255>>}
      :ok = send_text(client, "reply")
      assert {1, "a"} = recv_frame(client)
      assert {2, <<1>>} = recv_frame(client)

      send(pid, {:say, for(n <- 1..1_000, do: {:text, "#{n}"})})
      for n <- 1..1_000, do: assert(recv_frame(client) == {1, "#{n}"})
      send(pid, {:say, {:frame, [<<0x81, 2>>, "hi"]}})
      assert recv_frame(client) == {1, "hi"}
    end

    test "answers pings, also between the parts of a message", %{port: port} do
      client = port |> open() |> upgrade("/echo")

      :ok = WebClient.send(client, [frame(1, "a", fin: 0), frame(9, "ping"), frame(0, "b")])

      assert recv_frame(client) == {10, "ping"}
      assert recv_frame(client) == {1, "ab"}
      assert_receive {:control, :ping, "ping"}
      :ok = WebClient.send(client, frame(10, "pong"))
      assert_receive {:control, :pong, "pong"}
    end

    test "takes what comes with the handshake, before what comes after it", %{port: port} do
      assert_in_order(open(port))
    end

    test "closes as the client does, and as the socket says", %{port: port} do
      client = port |> open() |> upgrade("/echo")
      :ok = WebClient.send(client, frame(8, <<1000::16, "bye">>))
      assert recv_frame(client) == {:close, 1000}
      assert recv_frame(client) == :closed
      assert_receive {:terminated, _pid, :remote}

      for {text, code} <- [{"stop", 1000}, {"restart", 1012}, {"code", 4000}] do
        client = port |> open() |> upgrade("/echo")
        :ok = send_text(client, text)
        assert recv_frame(client) == {:close, code}
        :ok = WebClient.send(client, frame(8, <<code::16>>))
        assert recv_frame(client) == :closed
      end
    end

    test "may speak, and close, before the client has said anything", %{port: port} do
      for {path, whole, said, then, answer} <- [
            {"/echo?init=push", <<0x81, 7, "welcome">>, {1, "welcome"}, frame(1, "a"), {1, "a"}},
            {"/echo?init=stop", <<0x88, 2, 1013::16>>, {:close, 1013}, frame(8, <<1013::16>>),
             :closed}
          ] do
        client = open(port)
        # It may come with the answer to the handshake.
        assert {101, _headers, rest} = get(client, path, handshake())
        if rest == "", do: assert(recv_frame(client) == said), else: assert(rest == whole)
        :ok = WebClient.send(client, then)
        assert recv_frame(client) == answer
      end

      assert_receive {:terminated, _pid, :closed}
    end

    @tag :capture_log
    test "that crashes closes alone", %{port: port} do
      other = port |> open() |> upgrade("/echo")

      for text <- ["crash", "wrong"] do
        client = port |> open() |> upgrade("/echo")
        :ok = send_text(client, text)
        assert recv_frame(client) == {:close, 1011}
        assert recv_frame(client) == :closed
      end

      :ok = send_text(other, "still here")
      assert recv_frame(other) == {1, "still here"}
    end

    test "is not opened by a request that is none", %{port: port} do
      for {without, status} <- [
            {"Upgrade: websocket", 426},
            {"Sec-WebSocket-Version: 13", 426},
            {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400},
            {"Connection: keep-alive, Upgrade", 400}
          ] do
        assert {^status, headers, _} = get(open(port), "/echo", handshake() -- [without])
        if status == 426, do: assert(headers["sec-websocket-version"] == "13")
      end

      short =
        (handshake() -- ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]) ++
          ["Sec-WebSocket-Key: short"]

      assert {400, _, _} = get(open(port), "/echo", short)
      assert {405, _, _} = get(open(port), "/echo", handshake(), "HEAD")
      assert {404, _, _} = get(open(port), "/other", handshake())
      assert {403, _, _} = get(open(port), "/echo?refuse=error", handshake())
      assert {403, _, _} = get(open(port), "/echo?refuse=1", handshake())
    end

    test "has the subprotocol of Phoenix if the client offers it, and else none", %{port: port} do
      for {offered, taken} <- [
            {["phoenix"], "phoenix"},
            {["other,phoenix"], "phoenix"},
            {["other", "phoenix , more"], "phoenix"},
            {["other"], nil},
            {["Phoenix, phoenix2"], nil},
            {[""], nil},
            {[], nil}
          ] do
        headers = Enum.map(offered, &("Sec-WebSocket-Protocol: " <> &1)) ++ handshake()
        assert {101, answer, ""} = get(open(port), "/echo", headers)
        assert {offered, answer["sec-websocket-protocol"]} == {offered, taken}
        assert_receive {:socket, _pid, %{connect_info: %{auth_token: nil}}}
      end
    end

    test "is handed the token that the client offers as a subprotocol", %{port: port} do
      # The client's alphabet of base 64, and the one that the prefix says.
      for {encoded, token} <- [
            {"MTIzNA", "1234"},
            {"", ""},
            {"Pz8/Pj4+", "???>>>"},
            {"Pz8_Pj4-", "???>>>"}
          ] do
        protocols = "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." <> encoded
        assert {101, answer, ""} = get(open(port), "/echo", [protocols | handshake()])
        assert answer["sec-websocket-protocol"] == "phoenix"
        assert_receive {:socket, _pid, %{connect_info: %{auth_token: ^token}}}
      end

      for wrong <- ["MTIz%4E", "MTIzN", "MTIzNA, base64url.bearer.phx.MTIzNA"] do
        protocols = "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." <> wrong
        assert {403, _, _} = get(open(port), "/echo", [protocols | handshake()])
      end
    end

    test "is opened by pages of its own host only", %{port: port} do
      host = "Host: localhost:#{port}"

      for {origin, status} <- [
            {"http://localhost:#{port}", 101},
            {"http://localhost", 403},
            {"http://evil.example", 403},
            {"http://localhost:#{port}.evil.example", 403},
            {"null", 403},
            {"", 403}
          ] do
        assert {^status, _, _} =
                 get(open(port), "/echo", [host, "Origin: " <> origin | handshake()])
      end
    end

    @tag server: [check_origin: ["https://one.example"]]
    test "is opened by the pages that are listed", %{port: port} do
      assert {101, _, _} = get(open(port), "/echo", ["Origin: https://one.example" | handshake()])
      assert {403, _, _} = get(open(port), "/echo", ["Origin: https://two.example" | handshake()])
    end

    @tag server: [frames_per_s: 10_000, frames_burst: 10_000]
    test "hibernates right after a message that comes alone, however many there were", %{
      port: port
    } do
      client = port |> open() |> upgrade("/echo")
      assert_receive {:socket, pid, _info}

      # So many in a row keep it awake.
      for _ <- 1..20 do
        :ok = send_text(client, "a")
        assert recv_frame(client) == {1, "a"}
      end

      refute hibernates?(pid)

      for _ <- 1..6 do
        # As if it had been looked at, a while later.
        :sys.replace_state(
          pid,
          &%{&1 | wakefulness: Wakefulness.new(&1.wakefulness.since_ms - 3_000)}
        )

        :ok = send_text(client, "b")
        assert recv_frame(client) == {1, "b"}
        eventually(fn -> hibernates?(pid) end)
      end
    end

    test "stays awake for an answer that comes later, and not for one that never does", %{
      port: port
    } do
      client = port |> open() |> upgrade("/echo")
      assert_receive {:socket, pid, _info}
      eventually(fn -> hibernates?(pid) end)
      1 = :erlang.trace(pid, true, [:running])

      :ok = send_text(client, "quiet")
      refute hibernation?(stopped(pid))
      Kernel.send(pid, {:say, {:text, "later"}})
      assert recv_frame(client) == {1, "later"}
      eventually(fn -> hibernates?(pid) end)

      1 = :erlang.trace(pid, false, [:running])
      forget_traces()
      1 = :erlang.trace(pid, true, [:running])
      :ok = send_text(client, "quiet")
      refute hibernation?(stopped(pid))
      assert hibernation?(stopped(pid))
    end

    defp stopped(pid) do
      assert_receive {:trace, ^pid, :out, where}, 10_000
      where
    end

    defp forget_traces do
      receive do
        {:trace, _pid, _in_or_out, _where} -> forget_traces()
      after
        0 -> :ok
      end
    end

    @tag server: [hibernate_after_ms: 10]
    test "hibernates, and wakes up", %{port: port} do
      client = port |> open() |> upgrade("/echo")
      assert_receive {:socket, pid, _info}

      for n <- 1..3 do
        eventually(fn -> hibernates?(pid) end)

        :ok = send_text(client, "#{n}")
        assert recv_frame(client) == {1, "#{n}"}
      end
    end
  end

  describe "hosts" do
    test "of others are not answered for where only this machine can reach it", %{port: port} do
      for {host, status} <- [
            {"localhost:#{port}", 200},
            {"LOCALHOST", 200},
            {"127.0.0.1:#{port}", 200},
            {"[::1]:#{port}", 200},
            {"evil.example", 421},
            {"localhost.evil.example", 421},
            {"", 421}
          ] do
        assert {^status, _, _} = get(open(port), "/", ["Host: " <> host])
      end

      evil = ["Host: evil.example:#{port}", "Origin: http://evil.example:#{port}"]
      assert {421, _, _} = get(open(port), "/echo", evil ++ handshake())
    end

    test "are those of the target where it names one", %{port: port} do
      for {target, host, status} <- [
            {"http://localhost:#{port}/health", "localhost", 200},
            {"http://localhost/health", "evil.example", 200},
            {"http://evil.example/health", "localhost", 421}
          ] do
        assert {^status, _, _} = get(open(port), target, ["Host: " <> host])
      end

      # So is the host that a page must be of.
      target = "http://localhost:#{port}/echo"
      origin = ["Host: other.example", "Origin: http://localhost:#{port}"]
      assert {101, _, _} = get(open(port), target, origin ++ handshake())
      foreign = ["Host: other.example", "Origin: http://other.example"]
      assert {403, _, _} = get(open(port), target, foreign ++ handshake())
    end

    @tag server: [hosts: ["chat.example"], metrics: false]
    test "are those of the option", %{port: port} do
      assert {200, _, _} = get(open(port), "/", ["Host: chat.example:80"])
      assert {421, _, _} = get(open(port), "/", ["Host: localhost"])
      assert {404, _, _} = get(open(port), "/metrics", ["Host: chat.example"])
    end
  end

  @tag :capture_log
  test "a socket that crashes as it lets a client in is answered with 500", %{port: port} do
    assert {500, _, _} = get(open(port), "/echo?refuse=crash", handshake())
    assert {200, _, _} = get(open(port), "/")
  end

  describe "limits" do
    @tag server: [max_header_bytes: 1_000, max_target_bytes: 100]
    test "of heads", %{port: port} do
      assert {404, _, _} = get(open(port), "/" <> String.duplicate("a", 99))
      assert {414, _, _} = get(open(port), "/" <> String.duplicate("a", 100))
      assert {414, _, _} = get(open(port), "/" <> String.duplicate("a", 5_000))
      assert {200, _, _} = get(open(port), "/", ["X: " <> String.duplicate("a", 900)])
      assert {431, _, _} = get(open(port), "/", ["X: " <> String.duplicate("a", 1_000)])
    end

    @tag server: [request_timeout_ms: 200]
    test "of the time of a request", %{port: port} do
      slow = open(port)
      :ok = WebClient.send(slow, "GET / HTTP/1.1\r\n")
      assert {408, _, _} = response(slow)
      assert rest(open(port)) == ""
    end

    @tag server: [keep_alive_ms: 50]
    test "of the time between requests", %{port: port} do
      client = open(port)
      assert {200, _, _} = get(client, "/")
      assert rest(client) == ""
    end

    @tag server: [max_connections: 2]
    test "of connections, also where some were killed", %{server: server, port: port} do
      [one, two] = for _ <- 1..2, do: port |> open() |> upgrade("/echo")
      assert {503, _, _} = response(open(port))
      WebClient.close(one)
      eventually(fn -> WebServer.connections(server) == 1 end)
      three = port |> open() |> upgrade("/echo")
      assert {503, _, _} = response(open(port))
      for pid <- ConnectionSupervisor.pids(server), do: Process.exit(pid, :kill)
      assert recv_frame(two) == :closed
      assert recv_frame(three) == :closed
      # How many there are is not counted more than once a second.
      eventually(fn -> match?({200, _, _}, get(open(port), "/")) end)
    end

    @tag server: [max_connections: 1, acceptors: 2]
    test "of connections are told to all who are too many, also while they go on sending", %{
      port: port
    } do
      served = port |> open() |> upgrade("/echo")
      whole = IO.iodata_to_binary(request("GET", "/", ["X: " <> String.duplicate("x", 5_000)]))
      {first, last} = String.split_at(whole, 100)

      for _ <- 1..5 do
        # Clients that wait hold no acceptor.
        others = for _ <- 1..5, do: open(port)
        client = {_module, socket} = open(port, show_econnreset: true, nodelay: true)
        :ok = WebClient.send(client, first)
        # It has been answered by now, before all of the request is there.
        assert {503, %{"connection" => "close"}, "503 Service Unavailable\n"} = response(client)
        :ok = WebClient.send(client, last)
        :ok = WebClient.send(client, whole)
        # Its end, and no reset.
        assert {:error, :closed} = :gen_tcp.recv(socket, 0, 5_000)
        for other <- others, do: assert({503, _, _} = response(other))
      end

      :ok = send_text(served, "still here")
      assert recv_frame(served) == {1, "still here"}
    end

    @tag server: [max_connections: 1]
    test "of connections are told to a crowd", %{port: port} do
      served = port |> open() |> upgrade("/echo")
      crowd = for _ <- 1..300, do: open(port)
      for client <- crowd, do: assert({503, _, _} = response(client))
      WebClient.close(served)
      eventually(fn -> match?({200, _, _}, get(open(port), "/")) end)
    end

    @tag server: [max_connections_per_ip: 2]
    test "of connections from one address, also where some were killed", %{
      server: server,
      port: port
    } do
      [one, two] = for _ <- 1..2, do: port |> open() |> upgrade("/echo")
      assert {429, _, _} = response(open(port))
      other = open(port, ip: {127, 0, 0, 2})
      assert {200, _, _} = get(other, "/")
      WebClient.close(one)
      eventually(fn -> WebServer.connections(server) == 2 end)
      three = open(port)
      assert {200, _, _} = get(three, "/")
      assert {429, _, _} = response(open(port))
      for pid <- ConnectionSupervisor.pids(server), do: Process.exit(pid, :kill)
      assert recv_frame(two) == :closed
      eventually(fn -> match?({200, _, _}, get(open(port), "/")) end)
    end

    @tag server: [max_requests: 2]
    test "of requests on a connection", %{port: port} do
      client = open(port)
      assert {200, _, _} = get(client, "/")
      assert {200, %{"connection" => "close"}, _} = get(client, "/")
      assert rest(client) == ""
    end

    @tag server: [max_frame_bytes: 200, max_message_bytes: 300]
    test "of frames and messages", %{port: port} do
      for frames <- [
            frame(1, "", size: 201),
            [frame(1, String.duplicate("a", 200), fin: 0), frame(0, String.duplicate("a", 101))]
          ] do
        client = port |> open() |> upgrade("/echo")
        :ok = WebClient.send(client, frames)
        assert recv_frame(client) == {:close, 1009}
      end
    end

    @tag server: [frames_per_s: 5, frames_burst: 10]
    test "of the frames of a client", %{port: port} do
      client = port |> open() |> upgrade("/echo")
      for _ <- 1..30, do: :ok = send_text(client, "quiet")
      assert recv_frame(client) == {:close, 1008}
    end

    @tag server: [bytes_per_s: 100_000, bytes_burst: 16_384]
    test "of the bytes of a client, which has to wait, and loses nothing", %{port: port} do
      client = port |> open() |> upgrade("/echo")
      text = String.duplicate("x", 200_000)
      # Up to 32 packets of 4 KB are read before anybody looks.
      begun_ms = System.monotonic_time(:millisecond)
      :ok = send_text(client, text)
      assert recv_frame(client) == {1, text}
      taken_ms = System.monotonic_time(:millisecond) - begun_ms
      assert taken_ms >= div((131_072 - 16_384) * 1_000, 100_000) - 100
      # A neighbour does not.
      neighbour = port |> open() |> upgrade("/echo")
      :ok = send_text(client, text)
      :ok = send_text(neighbour, "quick")
      assert recv_frame(neighbour) == {1, "quick"}
      assert recv_frame(client) == {1, text}
    end

    @tag server: [idle_timeout_ms: 3_000]
    test "of silence", %{port: port} do
      client = port |> open() |> upgrade("/echo")
      assert_receive {:socket, pid, _info}
      monitor = Process.monitor(pid)

      # Who answers a ping may stay.
      for _ <- 1..3 do
        assert recv_frame(client) == {9, ""}
        :ok = WebClient.send(client, frame(10, ""))
        assert_receive {:control, :pong, ""}
      end

      assert recv_frame(client) == {9, ""}
      assert_receive {:DOWN, ^monitor, _, _, {:shutdown, :idle}}
      assert recv_frame(client) == :closed
    end

    @tag server: [send_timeout_ms: 100]
    test "of a client that does not read its file", %{
      server: server,
      port: port,
      tmp_dir: tmp_dir
    } do
      File.write!(Path.join(tmp_dir, "static/assets/app.js"), String.duplicate("x", 20_000_000))
      client = open(port, recbuf: 1_000)
      :ok = WebClient.send(client, request("GET", "/assets/app.js", []))
      eventually(fn -> WebServer.connections(server) == 1 end)
      eventually(fn -> WebServer.connections(server) == 0 end)
      WebClient.close(client)
    end

    @tag server: [send_timeout_ms: 100, outgoing_bytes: 2_000]
    test "of a client that does not read", %{port: port} do
      client = port |> open(recbuf: 1_000) |> upgrade("/echo")
      assert_receive {:socket, pid, _info}
      monitor = Process.monitor(pid)
      payload = String.duplicate("x", 100_000)
      for _ <- 1..200, do: send(pid, {:say, {:text, payload}})
      assert_receive {:DOWN, ^monitor, _, _, {:shutdown, reason}}, 5_000
      assert reason in [{:slow, :timeout}, :closed]
      WebClient.close(client)
    end
  end

  describe "processes" do
    test "form the tree that is drawn", %{server: server} do
      children = server |> Supervisor.which_children() |> Enum.map(&elem(&1, 0)) |> Enum.sort()

      assert children == [
               WebServer.Acceptance,
               WebServer.ConnectionSupervisor,
               WebServer.Drainer,
               WebServer.Refusals
             ]
    end

    test "the listener may die: open connections stay, and the port is the same", %{
      server: server,
      port: port
    } do
      client = port |> open() |> upgrade("/echo")

      for _ <- 1..5 do
        listener = GenServer.whereis(Module.concat(server, Listener))
        Process.exit(listener, :kill)

        eventually(fn ->
          match?({:ok, _}, :gen_tcp.connect({127, 0, 0, 1}, port, [], 1_000)) and
            GenServer.whereis(Module.concat(server, Listener)) not in [nil, listener]
        end)
      end

      :ok = send_text(client, "still here")
      assert recv_frame(client) == {1, "still here"}
      assert {200, _, _} = get(open(port), "/")
    end

    @tag :capture_log
    test "whatever is killed comes back, and only its own connections are lost", %{
      server: server,
      port: port
    } do
      client = port |> open() |> upgrade("/echo")
      serves? = fn -> match?({:ok, _}, :gen_tcp.connect({127, 0, 0, 1}, port, [], 1_000)) end
      [acceptance] = for {WebServer.Acceptance, pid, _, _} <- children(server), do: pid
      [acceptors] = for {WebServer.Acceptors, pid, _, _} <- children(acceptance), do: pid
      [drainer] = for {WebServer.Drainer, pid, _, _} <- children(server), do: pid

      for pid <-
            for({_, pid, _, _} <- children(acceptors), do: pid) ++
              [acceptors, acceptance, drainer] do
        kill(pid)
        eventually(serves?)
        :ok = send_text(client, "still here")
        assert recv_frame(client) == {1, "still here"}
      end

      [pool] = for {WebServer.ConnectionSupervisor, pid, _, _} <- children(server), do: pid
      kill(pool)
      assert recv_frame(client) == :closed
      eventually(fn -> match?({200, _, _}, get(open(port), "/health")) end)

      listener = GenServer.whereis(Module.concat(server, Listener))
      kill(GenServer.whereis(server))

      eventually(fn ->
        GenServer.whereis(Module.concat(server, Listener)) not in [nil, listener] and
          WebServer.port(server) > 0
      end)

      assert {200, _, _} = get(open(WebServer.port(server)), "/health")
    end

    defp children(supervisor), do: Supervisor.which_children(supervisor)

    defp kill(pid) do
      monitor = Process.monitor(pid)
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, _, _, :killed}
    end

    @tag server: [drain_per_s: 10]
    test "closes no more than so many a second", %{server: server, port: port} do
      clients = for _ <- 1..4, do: port |> open() |> upgrade("/echo")
      began = System.monotonic_time(:millisecond)
      draining = Task.async(fn -> WebServer.drain(server) end)
      for client <- clients, do: assert(recv_frame(client) == {:close, 1012})
      assert System.monotonic_time(:millisecond) - began >= 300
      for client <- clients, do: WebClient.close(client)
      assert :ok = Task.await(draining)
    end

    test "a port that is taken is an error", %{port: port} do
      Process.flag(:trap_exit, true)
      assert {:error, reason} = WebServer.start_link(name: __MODULE__.Taken, port: port)
      assert inspect(reason) =~ "eaddrinuse"
    end

    test "stopping closes all with 1012, so many a second, and waits for answers", %{
      server: server,
      port: port
    } do
      clients = for _ <- 1..20, do: port |> open() |> upgrade("/echo")
      idle = open(port)
      assert {200, _, _} = get(idle, "/")
      begun = open(port)
      :ok = WebClient.send(begun, "GET /health HTTP/1.1\r\nHost: localhost\r\n")

      # It has the first part, and waits for more.
      eventually(fn ->
        Enum.any?(ConnectionSupervisor.pids(server), fn pid ->
          match?({:current_function, {:prim_inet, _, _}}, Process.info(pid, :current_function))
        end)
      end)

      draining = Task.async(fn -> WebServer.drain(server) end)

      for client <- clients do
        assert recv_frame(client) == {:close, 1012}
        :ok = WebClient.send(client, frame(8, <<1012::16>>))
        assert recv_frame(client) == :closed
      end

      assert rest(idle) == ""
      :ok = WebClient.send(begun, "\r\n")
      assert {503, %{"connection" => "close"}, ~s({"status":"draining"}\n)} = response(begun)
      assert rest(begun) == ""
      assert :ok = Task.await(draining)
      assert {:error, :econnrefused} = :gen_tcp.connect({127, 0, 0, 1}, port, [])
    end
  end

  test "wrong options are named" do
    for {options, message} <- [
          {[unknown: 1], ~r/unknown option :unknown/},
          {[port: 70_000], ~r/:port/},
          {[ip: "localhost"], ~r/:ip/},
          {[sockets: %{"chat" => {EchoSocket, []}}], ~r/:sockets/},
          {[routes: %{"/a" => :b}], ~r/:routes/},
          {[check_origin: :all], ~r/:check_origin/},
          {[static: "/does/not/exist"], ~r/:static/}
        ],
        do: assert_raise(ArgumentError, message, fn -> WebServer.start_link(options) end)

    assert_raise ArgumentError, ~r/no web server NoSuch/, fn -> WebServer.port(NoSuch) end
  end
end
