defmodule Cantilever.Bench.WebSocket.BareServer do
  @moduledoc """
  What the VM itself takes to let clients in: a server with a process for each, which gives them the answers that they wait for and does nothing else.

      VM.load(vm, "bare_server.exs")
      port = VM.call(vm, BareServer, :start, [])

  It accepts as the server does, so no server with the VM's sockets that looks at what a client says lets more in, and its figure is the measure of the
  server's.
  """

  alias Cantilever.WebServer.Stream

  @acceptors 8
  @handshake "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

  @doc "Starts it, and gives the port."
  @spec start() :: :inet.port_number()
  def start do
    caller = self()

    spawn(fn ->
      options = [:binary, active: false, backlog: 1_024, nodelay: true, ip: {127, 0, 0, 1}]
      {:ok, listener} = :gen_tcp.listen(0, options)
      {:ok, port} = :inet.port(listener)
      send(caller, {:listening, port})
      for _ <- 1..@acceptors, do: spawn_link(fn -> accept(listener) end)
      receive do: (:never -> :ok)
    end)

    receive do: ({:listening, port} -> port)
  end

  defp accept(listener) do
    {:ok, {:tcp, socket}} = Stream.accept({:tcp, listener}, Stream.direct?())
    pid = spawn(fn -> receive do: (:begin -> serve(socket)) end)
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, :begin)
    accept(listener)
  end

  defp serve(socket) do
    {:ok, _head} = :gen_tcp.recv(socket, 0)
    :ok = :gen_tcp.send(socket, @handshake)

    {:ok, <<0x81, 1::1, size::7, mask::binary-4, text::binary-size(size)>>} =
      :gen_tcp.recv(socket, 0)

    [_, join_ref, _, ref, _, topic | _] = mask |> unmask(text) |> String.split("\"")

    reply =
      ~s(["#{join_ref}","#{ref}","#{topic}","phx_reply",{"status":"ok","response":{"seq":0}}])

    :ok = :gen_tcp.send(socket, [<<0x81, byte_size(reply)>>, reply])
    hear_out(socket)
  end

  # It says that it is still there until it goes.
  defp hear_out(socket) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, _heartbeat} -> hear_out(socket)
      {:error, _closed} -> :gen_tcp.close(socket)
    end
  end

  defp unmask(mask, text) do
    size = byte_size(text)
    :crypto.exor(text, mask |> :binary.copy(div(size, 4) + 1) |> binary_part(0, size))
  end
end
