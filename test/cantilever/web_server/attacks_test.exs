defmodule Cantilever.WebServer.AttacksTest do
  # They take all of the machine.
  use ExUnit.Case, async: false

  import Cantilever.Eventually
  import Cantilever.WebClient, except: [send: 2]

  alias Cantilever.EchoSocket
  alias Cantilever.WebClient
  alias Cantilever.WebServer

  # What the node may have more than before, in bytes: a few thousand connections, and not what was thrown at it.
  @more 64_000_000

  setup context do
    name = Module.concat(context.module, "Server#{System.unique_integer([:positive])}")

    options =
      [name: name, port: 0, sockets: %{"/echo" => {EchoSocket, []}}] ++
        Map.get(context, :server, [])

    start_supervised!({WebServer, options})
    port = WebServer.port(name)
    {:ok, server: name, port: port, neighbour: port |> open() |> upgrade("/echo")}
  end

  # A neighbour talks as long as the attack goes on, and is answered each time.
  defp attack(neighbour, attack) do
    before = :erlang.memory(:total)
    attacker = Task.async(attack)
    said = talk(neighbour, attacker, 0, before)
    assert said > 0
    :erlang.garbage_collect()
    eventually(fn -> :erlang.memory(:total) < before + @more end)
  end

  defp talk(neighbour, attacker, n, before) do
    :ok = send_text(neighbour, "#{n}")
    assert recv_frame(neighbour) == {1, "#{n}"}
    assert :erlang.memory(:total) < before + 2 * @more

    case Task.yield(attacker, 20) do
      nil -> talk(neighbour, attacker, n + 1, before)
      {:ok, _done} -> n + 1
      {:exit, reason} -> flunk("the attack itself failed: #{inspect(reason)}")
    end
  end

  # Until the server has had enough.
  defp send_all(client, chunk, times) do
    Enum.reduce_while(1..times, :ok, fn _time, :ok ->
      case WebClient.send(client, chunk) do
        :ok -> {:cont, :ok}
        {:error, reason} when reason in [:closed, :econnreset, :epipe] -> {:halt, :closed}
      end
    end)
  end

  test "heads of 10 MB", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      for _ <- 1..50 do
        client = open(port)
        :ok = WebClient.send(client, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert :closed = send_all(client, String.duplicate("a", 100_000), 100)
      end
    end)
  end

  test "a path of 10 MB, and headers without number", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      for start <- ["GET /", "GET / HTTP/1.1\r\n"],
          chunk <- [String.duplicate("a", 50_000), String.duplicate("a: b\r\n", 10_000)] do
        client = open(port)
        :ok = WebClient.send(client, start)
        assert :closed = send_all(client, chunk, 200)
      end
    end)
  end

  @tag server: [request_timeout_ms: 1_000]
  test "a thousand heads that come a byte at a time", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      clients = for _ <- 1..1_000, do: open(port)
      for byte <- ["G", "E", "T", " "], client <- clients, do: send_all(client, byte, 1)

      for client <- clients do
        assert {408, _headers, _body} = response(client)
        assert rest(client) == ""
      end
    end)
  end

  @tag server: [idle_timeout_ms: 1_000]
  test "a thousand WebSockets that fall silent", %{port: port} do
    # Silence is what is not allowed here: the neighbour, too, would be closed between two words.
    clients = for _ <- 1..1_000, do: port |> open() |> upgrade("/echo")
    # Each is asked whether it is there, and what is under way is given up with the connection.
    for client <- clients do
      assert recv_frame(client) in [{9, ""}, :closed]
      assert recv_frame(client) == :closed
    end
  end

  # The end comes with it: not when the client has answered, which is not read, or has not, within a time that no test has.
  @tag server: [close_timeout_ms: 600_000]
  test "frames that no client may send", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      for {frame, code} <- [
            {frame(1, "unmasked", mask: false), 1002},
            {[<<0xF1, 0x80, 0::32>>], 1002},
            {frame(3, ""), 1002},
            {frame(9, String.duplicate("x", 126)), 1002},
            {frame(0, "nothing to go on with"), 1002},
            {frame(1, <<255>>), 1007},
            {[<<0x81, 0xFF, 0x7FFF_FFFF_FFFF_FFFF::64, 0::32>>], 1009},
            {[<<0x81, 0xFF, 0xFFFF_FFFF_FFFF_FFFF::64, 0::32>>], [1002, 1009]}
          ] do
        client = port |> open() |> upgrade("/echo")
        :ok = WebClient.send(client, frame)
        assert {:close, said} = recv_frame(client)
        assert said in List.wrap(code)
        assert recv_frame(client) == :closed
      end
    end)
  end

  test "garbage", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      for _ <- 1..200 do
        send_all(open(port), :crypto.strong_rand_bytes(2_000), 20)
        client = port |> open() |> upgrade("/echo")
        send_all(client, :crypto.strong_rand_bytes(2_000), 20)
        WebClient.close(client)
      end
    end)
  end

  test "a million parts of a message without end", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      for data <- ["", "x", String.duplicate("x", 1_000)] do
        client = port |> open() |> upgrade("/echo")
        :ok = WebClient.send(client, frame(1, data, fin: 0))
        parts = frame(0, data, fin: 0) |> List.duplicate(1_000) |> IO.iodata_to_binary()
        send_all(client, parts, 1_000)
        assert recv_frame(client) in [{:close, 1009}, :closed]
      end
    end)
  end

  @tag server: [frames_per_s: 1_000, frames_burst: 1_000]
  test "a flood of messages by one client", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      client = port |> open() |> upgrade("/echo")
      words = frame(1, "quiet") |> List.duplicate(1_000) |> IO.iodata_to_binary()
      send_all(client, words, 10_000)
      assert recv_frame(client) in [{:close, 1008}, :closed]
    end)
  end

  @tag server: [
         outgoing_bytes: 10_000,
         send_timeout_ms: 300,
         frames_per_s: 100_000,
         frames_burst: 100_000,
         bytes_per_s: 1_000_000_000
       ]
  test "clients that ask for much and read nothing", %{port: port, neighbour: neighbour} do
    attack(neighbour, fn ->
      clients =
        for _ <- 1..20 do
          client = port |> open(recbuf: 2_000, send_timeout: 2_000) |> upgrade("/echo")
          asked = frame(1, String.duplicate("x", 60_000))

          # Until it is not read any more either.
          Enum.find(1..1_000, fn _ -> WebClient.send(client, asked) != :ok end)
          client
        end

      Enum.each(clients, &WebClient.close/1)
    end)
  end

  @tag server: [max_connections: 500]
  test "a hundred thousand connections at once", %{
    server: server,
    port: port,
    neighbour: neighbour
  } do
    attack(neighbour, fn ->
      1..20
      |> Task.async_stream(
        fn _ ->
          for _ <- 1..5_000 do
            # Reset at the end, as a port that waits is not free for the next.
            options = [:binary, active: false, linger: {true, 0}]

            case :gen_tcp.connect({127, 0, 0, 1}, port, options, 5_000) do
              {:ok, socket} -> :gen_tcp.close(socket)
              {:error, _refused} -> :ok
            end
          end
        end,
        max_concurrency: 20,
        timeout: :infinity
      )
      |> Stream.run()
    end)

    eventually(fn -> WebServer.connections(server) == 1 end)
    assert {404, _, _} = get(open(port), "/")
  end
end
