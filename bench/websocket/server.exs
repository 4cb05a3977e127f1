defmodule Cantilever.Bench.WebSocket.Server do
  @moduledoc false
  # What the server's VM runs: a chat in memory on a web server, without limits that so many clients on one machine would reach.

  alias Cantilever.Chat
  alias Cantilever.Chat.Socket
  alias Cantilever.WebServer

  @chat Cantilever.Bench.TheChat
  @web Cantilever.Bench.TheWebServer
  @many 1_000_000

  @doc "Starts it, and gives the port."
  @spec start(binary) :: :inet.port_number()
  def start(secret) do
    children = [
      # Nobody is told who is there: that would be as many messages as a room has members, squared.
      {Chat, name: @chat, presence_limit: 0, messages_per_s: @many, messages_burst: @many},
      {WebServer,
       name: @web,
       ip: {127, 0, 0, 1},
       port: 0,
       frames_per_s: @many,
       frames_burst: @many,
       sockets: %{"/chat/websocket" => {Socket, chat: @chat, secret: secret}}}
    ]

    {:ok, tree} = Supervisor.start_link(children, strategy: :one_for_one)
    # The calling process ends now.
    Process.unlink(tree)
    WebServer.port(@web)
  end
end
