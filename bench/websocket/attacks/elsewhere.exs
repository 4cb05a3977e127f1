defmodule Cantilever.Bench.WebSocket.Attacks.Elsewhere do
  @moduledoc false
  # Another server, of the attackers' own: it reads of each connection as much as the web server does of one that it refuses, and closes it. What clients
  # of the web server notice of an attack on this one is what the machine does, and not the web server.

  @read_bytes 1_000_000
  @timeout_ms 10_000

  @doc "Starts it, and gives its port."
  @spec start() :: :inet.port_number()
  def start do
    starter = self()

    # The calling process ends now, and its sockets with it.
    spawn(fn ->
      options = [:binary, active: false, nodelay: true, backlog: 4_096, buffer: 4_096]
      {:ok, listening} = :gen_tcp.listen(0, options)
      {:ok, port} = :inet.port(listening)
      send(starter, {:port, port})
      accept(listening)
    end)

    receive do: ({:port, port} -> port)
  end

  defp accept(listening) do
    {:ok, socket} = :gen_tcp.accept(listening)
    reader = spawn(fn -> receive do: (:read -> read(socket, 0)) end)
    # Whoever has gone is found out by the reader.
    _handed_over = :gen_tcp.controlling_process(socket, reader)
    send(reader, :read)
    accept(listening)
  end

  defp read(socket, read) do
    with true <- read < @read_bytes,
         {:ok, bytes} <- :gen_tcp.recv(socket, 0, @timeout_ms) do
      read(socket, read + byte_size(bytes))
    else
      _enough_or_closed -> :gen_tcp.close(socket)
    end
  end
end
