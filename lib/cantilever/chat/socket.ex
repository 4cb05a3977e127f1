defmodule Cantilever.Chat.Socket do
  @moduledoc """
  Speaks to the clients of a chat over WebSockets, in the protocol of Phoenix Channels.

  It has the callbacks of `Phoenix.Socket.Transport`, so that a Phoenix endpoint mounts it, as `Cantilever.WebServer` does:

      socket "/chat", Cantilever.Chat.Socket, chat: MyApp.Chat, secret: {MyApp.Secrets, :chat, []}

      {Cantilever.WebServer,
       sockets: %{"/chat/websocket" => {Cantilever.Chat.Socket, chat: MyApp.Chat, secret: {MyApp.Secrets, :chat, []}}}}

  and that the official client of Phoenix connects, the npm package `phoenix`:

      const socket = new Socket("/chat", {authToken: token})
      socket.connect()
      let lastSeq
      const room = socket.channel("room:lobby", () => ({last_seq: lastSeq}))
      room.on("message", message => { lastSeq = message.seq; show(message) })
      room.join()
      room.push("message", {payload: {text: "Hello!"}})

  `authToken`, which it has from version 1.8 on, keeps the token out of the URL, which proxies log; a Phoenix endpoint takes it where the socket is mounted with
  `auth_token: true`. Other clients say `params: {token}`, which counts where there is no `authToken`.

  The process of the socket is the connection of the user itself: `Cantilever.Chat.connections/2` lists it, and the functions of
  `Cantilever.Chat.UserConnection` take it.

  ## Protocol

  Version 2 of the Channels' JSON, at the parameter `vsn=2.0.0`: text frames `[join_ref, ref, topic, event, payload]`, and the client's binary
  frames for payloads that are bytes. Topics are `room:` and the id of a room.

  | the client sends | answer |
  |---|---|
  | `phx_join` `{"last_seq": n}` or `{}` | `{"seq": n, "user_id": id, "reconnect_after_ms": n}`, then the messages after `last_seq`, then those that come |
  | `phx_leave` | `{}`, then `phx_close` |
  | `heartbeat` on the topic `phoenix` | `{}` |
  | `message` `{"payload": …, "id": text}` | `{"seq": n}` once it is stored; `id` may be left out, and makes sending again safe |
  | `history` `{"before": seq, "limit": n}` | `{"messages": […]}`, the oldest first; `limit` is 50, and 100 at most |
  | `ping`, any payload | the same payload |
  | an event of the option `relay` | `{}`; all members get the event with `{"user_id": id, "payload": …}` |
  | any other event | what the option `push` makes of it |

  | the server sends | payload |
  |---|---|
  | `message` | `{"seq": n, "at_ms": ms since 1970, "user_id": id, "id": text or null, "payload": …}`, each once and in order |
  | `gap` | `{"from": seq, "to": seq}`: these messages are not to be had any more |
  | `presence_state`, `presence_diff` | who is in the room, as the client's `Presence` takes it, in rooms of up to the chat's `presence_limit` |
  | `phx_error` | `{}`: the room has crashed; `{"reason": "lagging", "last_seq": n}`: the client was too slow for it |

  What is refused is answered with the status `error` and `{"reason": …, "message": …}`: the reasons of `Cantilever.Chat.Error`, and
  `unauthorized`, `unknown_event`, `malformed`, `unmatched_topic`, `crashed`.

  ## Coming back

  After a `phx_error` the client's channel joins again by itself, and the room goes on after the last message that it was sent: it misses nothing and gets
  nothing twice. After the loss of the connection it is the `last_seq` of the join that says where to go on. So that not all come back in the same moment, each
  answer to a join has a `reconnect_after_ms` of its own:

      const socket = new Socket("/chat", {authToken, reconnectAfterMs: tries => after * tries, rejoinAfterMs: tries => after * tries})

  A join of a topic that is joined already takes its place. What still comes with the `join_ref` of an earlier join is dropped.

  ## Options

  #{Cantilever.Chat.Socket.Options.docs()}

  What is not given there may be in the configuration: `config :cantilever, Cantilever.Chat.Socket, chat: MyApp.Chat, …`.
  """

  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Socket.Answers
  alias Cantilever.Chat.Socket.Channels
  alias Cantilever.Chat.Socket.Drainer
  alias Cantilever.Chat.Socket.Events
  alias Cantilever.Chat.Socket.Frames
  alias Cantilever.Chat.Socket.Joins
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.Chat.Socket.Requests
  alias Cantilever.Chat.Token
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.State
  alias Cantilever.Chat.Users
  alias Cantilever.Rate

  @normal_closure 1000
  @malformed 1007
  @too_large 1009
  @try_again_later 1013

  # What is logged of a crash shows neither the secret nor what was said.
  @derive {Inspect, only: [:channels]}
  @enforce_keys [:options, :connection, :frames?]
  defstruct [:options, :connection, :frames?, :joins, channels: %{}, requests: %{}]

  @typedoc false
  @type t :: %__MODULE__{
          options: Options.t(),
          connection: State.t(),
          # Whether the server takes whole frames.
          frames?: boolean,
          channels: Channels.t(),
          requests: Requests.t(),
          # How many rooms it may join.
          joins: Rate.t() | nil
        }

  @typedoc "What the server is to send: text and bytes, and frames that are complete where it has said that it takes them."
  @type message :: {:text | :binary | :frame, iodata}

  @typedoc "What a callback returns to the server."
  @type next ::
          {:ok, t}
          | {:push, message | [message], t}
          | {:stop, reason :: term, t}
          | {:stop, reason :: term, code :: pos_integer, t}

  @doc "Reads the options where the socket is mounted. It needs no process of its own."
  @spec child_spec(keyword) :: :ignore
  def child_spec(options) do
    _options = Options.mount!(options)
    :ignore
  end

  @doc """
  What closes the connections of the socket when a Phoenix endpoint stops, so many a second, with the code 1012.

  The option `drainer: [per_s: 1000, shutdown: 30_000]` of the endpoint's `socket` says how many, and how long the endpoint waits for it in ms; `drainer: false` that
  nothing is closed.
  """
  @spec drainer_spec(keyword) :: Supervisor.child_spec() | :ignore
  def drainer_spec(options), do: Drainer.child_spec_for(options)

  @doc """
  Says whether a client may connect, and as whom.

  Takes what a server knows of the connection: `:params`, `:connect_info`, and `:options` or `:endpoint` (`Phoenix.Socket.Transport`).
  `{:error, reason}` for a version that is not known, no valid token, a user or a chat with as many connections as they may have, an endpoint
  that is stopping, and long polling, which has no way for more than one answer.
  """
  @spec connect(map) :: {:ok, t} | {:error, reason :: term}
  def connect(%{transport: :longpoll}), do: {:error, :unsupported_transport}

  def connect(%{params: params} = info) do
    options = Options.fetch!(info)
    config = Config.fetch!(options.chat)
    connect_info = Map.get(info, :connect_info, %{})

    with :ok <- version(params),
         false <- Drainer.draining?(options.chat),
         {:ok, user_id} <- authenticate(options, params, connect_info),
         :ok <- Arguments.user_id(user_id),
         :ok <- Users.room_for_one_more(config, user_id) do
      {:ok,
       %__MODULE__{
         options: options,
         connection: State.new(options.chat, :binary.copy(user_id), {Frames, []}),
         frames?: Map.get(connect_info, :frames, false)
       }}
    else
      true -> {:error, :draining}
      {:error, reason} -> {:error, reason}
    end
  end

  defp version(%{"vsn" => "2." <> _rest}), do: :ok
  defp version(_params), do: {:error, :unsupported_version}

  defp authenticate(%{authenticate: nil, secret: secret}, params, connect_info) do
    secret = if is_tuple(secret), do: Options.call(secret, []), else: secret
    Token.verify(secret, connect_info[:auth_token] || params["token"])
  end

  defp authenticate(%{authenticate: authenticate}, params, connect_info),
    do: Options.call(authenticate, [params, connect_info])

  @doc """
  Makes the calling process the connection. It traps exits from here on.

  Closes with the code 1013 where others have come since `connect/1` found room for it.
  """
  @spec init(t) :: {:ok, t} | {:stop, reason :: term, code :: pos_integer, t}
  def init(state) do
    # The registry's partitions are linked to what is registered in them. A connection outlives them.
    Process.flag(:trap_exit, true)

    case State.enter(state.connection, nil) do
      {:ok, connection} -> {:ok, %{state | connection: connection}}
      {:error, %{reason: reason}} -> {:stop, {:shutdown, reason}, @try_again_later, state}
    end
  end

  @doc "Handles a frame of the client."
  @spec handle_in({binary, keyword}, t) :: next
  def handle_in({bytes, options}, state) do
    opcode = options[:opcode]

    # Bandit takes `:normal` for a wish to go on until the client has closed.
    with false <- opcode == :text and Options.too_large?(state.options, bytes),
         {:ok, request} <- Protocol.read(bytes, opcode) do
      state |> request(request) |> Answers.flush()
    else
      true -> {:stop, {:shutdown, :too_large}, @too_large, state}
      {:error, _what} -> {:stop, {:shutdown, :malformed}, @malformed, state}
    end
  end

  @doc "Pings and pongs need nothing more."
  @spec handle_control({binary | nil, keyword}, t) :: next
  def handle_control(_frame, state), do: {:ok, state}

  @doc "Handles a message to the process."
  @spec handle_info(term, t) :: next
  def handle_info({:messages, _room_id, _messages} = message, state), do: hand_on(message, state)

  def handle_info({:event, _room_id, _event, _payload} = message, state),
    do: hand_on(message, state)

  # A task that is done.
  def handle_info({:EXIT, _task, :normal}, state), do: {:ok, state}
  # Servers close with 1012 then.
  def handle_info(:drain, state), do: {:stop, {:shutdown, :restart}, state}

  def handle_info(message, state) do
    case Requests.handle(state.requests, Config.fetch!(state.options.chat), message) do
      {:answer, {:authorized, request, last_seq}, answer, requests} ->
        %{state | requests: requests}
        |> Joins.authorized(request, last_seq, answer)
        |> Answers.flush()

      {:answer, {refs, topic}, answer, requests} ->
        %{state | requests: requests} |> Answers.reply(refs, topic, answer) |> Answers.flush()

      {:ok, requests} ->
        {:ok, %{state | requests: requests}}

      :none ->
        room_down(message, state) || hand_on(message, state)
    end
  end

  @doc "Ends the connection, and what is done for the client."
  @spec terminate(term, t) :: :ok
  def terminate(_reason, state) do
    State.leave(state.connection)
    Requests.cancel(state.requests)
  end

  defp hand_on(message, state) do
    case State.handle(message, state.connection) do
      {:ok, connection} -> Answers.flush(left(message, %{state | connection: connection}))
      {:stop, :normal, connection} -> stop(:closed, %{state | connection: connection})
      {:stop, {:shutdown, why}, connection} -> stop(why, %{state | connection: connection})
    end
  end

  defp stop(why, state), do: {:stop, {:shutdown, why}, @normal_closure, state}

  # Somebody else has had the user leave.
  defp left({:call, _from, {:leave, room_id}}, state) do
    if is_map_key(state.channels, room_id) do
      join_ref = Channels.join_ref(state.channels, room_id)
      channels = Channels.close(state.channels, room_id)
      Answers.close(%{state | channels: channels}, room_id, join_ref)
    else
      state
    end
  end

  defp left(_other, state), do: state

  # The client is told, and joins again, from where it is. Until then it gets nothing that it would not know what to do with.
  defp room_down({:DOWN, monitor, :process, _room, _reason}, state) do
    with {room_id, %{new?: false} = membership} <-
           Enum.find(state.connection.rooms, fn {_id, room} -> room.monitor == monitor end),
         # Of one that it was not the client who joined, the client knows nothing.
         true <- is_map_key(state.channels, room_id) do
      rooms = Map.delete(state.connection.rooms, room_id)
      state = %{state | connection: %{state.connection | rooms: rooms}}
      state |> Answers.error(room_id, Membership.last_seq(membership), %{}) |> Answers.flush()
    else
      _joining_or_none -> nil
    end
  end

  defp room_down(_other, _state), do: nil

  defp request(state, %{topic: "phoenix", event: "heartbeat"} = request),
    do: Answers.reply(state, request, {:ok, %{}})

  defp request(state, %{topic: "room:" <> room_id} = request) do
    case request.event do
      "phx_join" -> Joins.join(state, room_id, request)
      "phx_leave" -> Joins.leave(state, room_id, request)
      _event -> event(state, room_id, request)
    end
  end

  defp request(state, request) do
    refused = {:error, {:unmatched_topic, "a topic is `room:` and the id of a room"}}
    Answers.reply(state, request, refused)
  end

  defp event(state, room_id, request) do
    if Channels.stale?(state.channels, room_id, request.join_ref) do
      state
    else
      case Events.handle(state, room_id, request) do
        {:reply, answer, state} -> Answers.reply(state, request, answer)
        {:later, state} -> state
      end
    end
  end
end
