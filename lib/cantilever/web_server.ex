defmodule Cantilever.WebServer do
  @moduledoc """
  A small web server for WebSockets and the page that opens them.

      children = [
        {Cantilever.Chat, name: MyApp.Chat},
        {Cantilever.WebServer,
         port: 4000,
         static: Application.app_dir(:my_app, "priv/static"),
         sockets: %{"/chat/websocket" => {Cantilever.Chat.Socket, chat: MyApp.Chat, secret: secret}}}
      ]

  It serves any module with the callbacks of `Phoenix.Socket.Transport`, files of a folder, `routes` of your own, `/health`, and `/metrics` in
  Prometheus' text format: by GET and HEAD over HTTP/1.1, plain or by TLS. It is for what has no Phoenix; where there is one, mount
  the socket in its endpoint.

  ## One process for each connection

  It reads requests, and once it is a WebSocket, runs the callbacks of its socket: for `Cantilever.Chat.Socket` that is the connection of the user itself. A
  crash closes one connection. It hibernates when nothing comes.

  What is to be sent while other messages wait in the mailbox is gathered, and written in one go. A client that does not read makes its process wait once
  `outgoing_bytes` are on their way, so that messages gather in that mailbox alone, and is dropped after `send_timeout_ms`.

  ## The tree

      Cantilever.WebServer             one_for_one
      ├── ConnectionSupervisor         PartitionSupervisor, one_for_one
      │   └── a supervisor for each scheduler, simple_one_for_one
      │       └── Connection           temporary
      ├── Refusals                     Task.Supervisor, tells clients that there are too many
      ├── what the sockets need        their child_spec/1
      ├── Drainer                      closes WebSockets when the server stops
      └── Acceptance                   rest_for_one
          ├── Listener                 has the socket that is listened on
          └── Acceptors                one_for_one
              └── Acceptor             permanent

  When the listener dies, it opens the same port again, and the acceptors start anew with its socket: connections that are open do not
  notice. They stop in reverse: nothing is accepted any more; the drainer closes WebSockets with the code 1012 (their clients come back), `drain_per_s`, while
  answers under way are finished; and who is left after `drain_timeout_ms` is cut off.

  ## Sockets

  A socket gets in its `connect_info`: `peer_data`, `user_agent` and `headers`; `auth_token`, what the official client of Phoenix has as `authToken`, or
  nil; and `frames: true`, which says that it may push `{:frame, iodata}`, frames that are complete, as one that goes to many is encoded once then. Of the
  subprotocols that a client offers, `phoenix` is taken.

  ## Options

  #{Cantilever.WebServer.Options.docs()}
  """

  use Supervisor

  alias Cantilever.WebServer.Acceptor
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Drainer
  alias Cantilever.WebServer.Listener
  alias Cantilever.WebServer.Options
  alias Cantilever.WebServer.Refusals

  @typedoc "The name of a server."
  @type server :: atom

  @doc """
  Starts a server under the calling process. See the module for the options.

  Raises an `ArgumentError` for an option that it does not have or cannot take, and returns an error where the port is taken.
  """
  @spec start_link(keyword) :: Supervisor.on_start()
  def start_link(options \\ []) do
    options = Options.new!(options)
    Supervisor.start_link(__MODULE__, options, name: options.name)
  end

  @doc "The specification of a server for a supervisor; its id is its name."
  @spec child_spec(keyword) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: Options.new!(options).name,
      start: {__MODULE__, :start_link, [options]},
      type: :supervisor
    }
  end

  @doc "The port that a server listens on: what 0 has become."
  @spec port(server) :: :inet.port_number()
  def port(server \\ __MODULE__), do: server |> Config.fetch!() |> Config.port()

  @doc "How many connections are open."
  @spec connections(server) :: non_neg_integer
  def connections(server \\ __MODULE__), do: ConnectionSupervisor.count(server)

  @doc """
  Stops accepting, closes the WebSockets as when the server stops, and returns when all connections are closed or `drain_timeout_ms` are over.

  The server stays, and accepts nothing any more until it is started again.
  """
  @spec drain(server) :: :ok
  def drain(server \\ __MODULE__) do
    _stopped = Supervisor.terminate_child(server, __MODULE__.Acceptance)
    Drainer.drain(server)
  end

  @impl Supervisor
  def init(options) do
    config = Config.new(options)
    Config.put(config)
    # For /metrics, as long as this process lives.
    _before = :erlang.system_flag(:scheduler_wall_time, true)

    sockets =
      for {_path, {module, socket_options}} <- options.sockets,
          spec = module.child_spec(socket_options),
          spec != :ignore,
          do: spec

    acceptors =
      for n <- 1..options.acceptors, do: Supervisor.child_spec({Acceptor, options.name}, id: n)

    # An acceptor without its listener has nothing to accept from.
    acceptance =
      part(__MODULE__.Acceptance, :rest_for_one, [
        {Listener, options.name},
        part(__MODULE__.Acceptors, :one_for_one, acceptors)
      ])

    # Stopped in reverse: see the moduledoc.
    children =
      [ConnectionSupervisor.pool_spec(options.name), Refusals.child_spec(options.name)] ++
        sockets ++ [Drainer.child_spec(options), acceptance]

    Supervisor.init(children, strategy: :one_for_one, max_restarts: 100, max_seconds: 10)
  end

  defp part(id, strategy, children) do
    options = [strategy: strategy, max_restarts: 100, max_seconds: 10]
    %{id: id, start: {Supervisor, :start_link, [children, options]}, type: :supervisor}
  end
end
