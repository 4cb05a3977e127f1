defmodule Cantilever.Bench.WebSocket.Server do
  @moduledoc false
  # What the server's VM runs: a chat in memory on a web server, without limits that so many clients on one machine would reach; or with them.

  alias Cantilever.Chat
  alias Cantilever.Chat.Socket
  alias Cantilever.WebServer

  @chat Cantilever.Bench.TheChat
  @web Cantilever.Bench.TheWebServer
  @many 1_000_000

  @doc "Starts it, with the library's limits or without, and gives the port."
  @spec start(binary, limits :: boolean) :: :inet.port_number()
  def start(secret, limits?) do
    {chat, web} = if limits?, do: {[], limits()}, else: lifted()
    socket = {Socket, chat: @chat, secret: secret}

    children = [
      {Chat, [name: @chat] ++ chat},
      {WebServer,
       [name: @web, ip: {127, 0, 0, 1}, port: 0, sockets: %{"/chat/websocket" => socket}] ++ web}
    ]

    {:ok, tree} = Supervisor.start_link(children, strategy: :one_for_one)
    # The calling process ends now.
    Process.unlink(tree)
    WebServer.port(@web)
  end

  @doc "How many connections are open."
  @spec connections() :: non_neg_integer
  def connections, do: WebServer.connections(@web)

  # Nobody is told who is there: that would be as many messages as a room has members, squared.
  defp lifted do
    {[presence_limit: 0, messages_per_s: @many, messages_burst: @many],
     [frames_per_s: @many, frames_burst: @many, bytes_per_s: @many, bytes_burst: @many]}
  end

  # As many of the clients have the same address. A head that takes too long does so within a measurement.
  defp limits, do: [max_connections_per_ip: 500, request_timeout_ms: 2_000]
end
