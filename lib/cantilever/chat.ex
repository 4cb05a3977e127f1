defmodule Cantilever.Chat do
  @moduledoc """
  Rooms, connections and their storage, as supervised processes that lose nothing.

      iex> {:ok, _chat} = Cantilever.Chat.start_link(name: Cantilever.Chat.Example)
      iex> {:ok, _joined} = Cantilever.Chat.join(Cantilever.Chat.Example, "lobby", "ann")
      iex> {:ok, _joined} = Cantilever.Chat.join(Cantilever.Chat.Example, "lobby", "bob")
      iex> Cantilever.Chat.broadcast(Cantilever.Chat.Example, "lobby", "ann", %{text: "Hello, Bob!"})
      {:ok, 1}
      iex> receive do
      ...>   {:cantilever_chat, "message", message} -> {message.user_id, Cantilever.Chat.Message.payload!(message)}
      ...> end
      {"ann", %{"text" => "Hello, Bob!"}}

  A chat belongs into a supervision tree, under a name of your choice; there may be many, and none starts by itself:

      children = [
        {Cantilever.Chat, name: MyApp.Chat, store: {Cantilever.Chat.Store.SQLite, path: "/var/lib/my_app/chat.db"}}
      ]

  ## What it promises

    * `broadcast/5` answers `{:ok, seq}` when the message is stored, and not before. What was acknowledged survives the crash of any process,
      and, with a store on disk, of the node.
    * Every member gets every message of its room once, in the order of the room's sequence numbers, whatever crashes meanwhile; where the history
      was trimmed, it is told so.
    * A crash costs one: of a connection, its client; of a room, the milliseconds in which its members come back by themselves.
    * What is too much is refused, with an error that says so: each limit is an option.

  ## The tree

      Cantilever.Chat                          one_for_one, 1,000 restarts in 10 s
      ├── RoomRegistry                         Registry, unique: the room of an id
      ├── UserRegistry                         Registry, duplicate: the connections of a user
      ├── the processes of the store           such as a Cantilever.DatabaseWorker
      ├── MessageQueue                         Cantilever.MessageQueue: many messages, one commit
      ├── ShardSupervisor                      DynamicSupervisor, its children temporary
      ├── RoomSupervisor                       PartitionSupervisor, one_for_one, 1,000 restarts in 10 s
      │   └── a DynamicSupervisor for each scheduler, 10,000 restarts in 10 s
      │       └── Room                         transient
      ├── Resync                               has the rooms look into the store when the queue has died
      ├── Owners                               closes the connections whose owners have ended
      └── ConnectionSupervisor                 PartitionSupervisor, one_for_one, 1,000 restarts in 10 s
          └── a supervisor for each scheduler  simple_one_for_one
              └── UserConnection               temporary

  Nothing here needs another's restart, so each restarts alone: who uses a part that is away waits for it, looks it up again, or says
  `:unavailable`. A room restarts as often as it crashes: rooms are many, and their crashes do not mean that their supervisor
  is at fault; only a storm of them does. Connections do not restart, as their client is gone.

  They stop in reverse: connections, then rooms, then the queue, which stores what it has taken, then the store.

  ## The way of a message

  `broadcast/5` encodes the payload in the calling process, once for all. The room passes the message on to the queue, which gathers
  messages into batches; one transaction stores a batch and gives each message its room's next number. Then the queue
  answers the caller, and the room delivers.

  ## Options

  #{Cantilever.Chat.Options.docs()}
  """

  use Supervisor

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.ConnectionSupervisor
  alias Cantilever.Chat.Delivery
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Options
  alias Cantilever.Chat.Owners
  alias Cantilever.Chat.PatientRegistry
  alias Cantilever.Chat.Post
  alias Cantilever.Chat.Resync
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.Store
  alias Cantilever.Chat.Transport
  alias Cantilever.Chat.UserConnection
  alias Cantilever.Chat.Users
  alias Cantilever.MessageQueue

  @call_ms 5_000

  @typedoc "The name of a chat."
  @type chat :: atom

  @doc """
  Starts a chat under the calling process. See the module for the options.

  Raises an `ArgumentError` for an option that it does not have or cannot take.
  """
  @spec start_link(keyword) :: Supervisor.on_start()
  def start_link(options) do
    options = Options.new!(options)
    Supervisor.start_link(__MODULE__, options, name: options.name)
  end

  @doc "The specification of a chat for a supervisor; its id is its name."
  @spec child_spec(keyword) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: Options.new!(options).name,
      start: {__MODULE__, :start_link, [options]},
      type: :supervisor
    }
  end

  @doc """
  Makes a connection of a user.

  Options:

    * `:transport` - `{module, socket}`, how its client is reached (`Cantilever.Chat.Transport`). Default:
      `{Cantilever.Chat.Transport.Process, self()}`, the calling process.
    * `:owner` - the process at whose end the connection closes, or `nil` for one that lives until it is closed. Default: the calling process.

  Raises an `ArgumentError` for an option that it does not have, and for an owner that is no pid.
  """
  @spec connect(chat, String.t(), keyword) :: {:ok, pid} | {:error, Error.t()}
  def connect(chat, user_id, options \\ []) do
    %{transport: transport, owner: owner} =
      Arguments.options!(
        options,
        [transport: {Transport.Process, self()}, owner: self()],
        "connect"
      )

    unless is_pid(owner) or owner == nil do
      raise ArgumentError,
            "the option :owner of connect is the pid of a process, or nil, got: #{inspect(owner)}"
    end

    config = Config.fetch!(chat)

    with :ok <- Arguments.user_id(user_id),
         :ok <- Users.room_for_one_more(config, user_id),
         do: start_connection(config, user_id, owner, transport)
  end

  @doc """
  Has a user join a room, and returns the number of its last message.

  Options:

    * `:connection` - the connection that joins. Default: the one that the calling process has for this user, which is made if there is none, and pushes to
      the calling process.
    * those of `Cantilever.Chat.UserConnection.join/3`
  """
  @spec join(chat, String.t(), String.t(), keyword) ::
          {:ok, %{seq: non_neg_integer}} | {:error, Error.t()}
  def join(chat, room_id, user_id, options \\ []) do
    {connection, options} = pop_connection!(options)
    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.user_id(user_id),
         {:ok, connection} <- connection || own_connection(config, user_id),
         do: UserConnection.join(connection, room_id, options)
  end

  @doc """
  Has a user leave a room: by the option `:connection`, or else by the one that the calling process has for this user.

  `:ok` also if the user is not in it.
  """
  @spec leave(chat, String.t(), String.t(), keyword) :: :ok | {:error, Error.t()}
  def leave(chat, room_id, user_id, options \\ []) do
    {connection, options} = pop_connection!(options)
    %{} = Arguments.options!(options, [], "leave")
    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.user_id(user_id) do
      case connection || find_own_connection(config, user_id) do
        {:ok, connection} -> UserConnection.leave(connection, room_id)
        nil -> :ok
        unavailable -> unavailable
      end
    end
  end

  @doc """
  Sends a message to a room in a user's name, and returns its number once it is stored.

  `payload` is anything that `Cantilever.JSON` encodes. The caller need not be in the room, and no rate is limited here:
  `Cantilever.Chat.UserConnection.broadcast/4` is for what clients send.

  Options:

    * `:id` - a text of the sender's own. Another message of this user to this room with the same text is not stored again, but answered with
      the number of the first. So what is `:unconfirmed` can be sent again; and with it, the call itself rides over the crash of the
      room or the queue. Default: `nil`.
    * `:timeout` - in ms, default 5000
  """
  @spec broadcast(chat, String.t(), String.t(), term, keyword) ::
          {:ok, pos_integer} | {:error, Error.t()}
  def broadcast(chat, room_id, user_id, payload, options \\ []) do
    %{id: id, timeout: timeout} =
      Arguments.options!(options, [id: nil, timeout: @call_ms], "broadcast")

    timeout = Arguments.timeout!(timeout)
    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.user_id(user_id),
         :ok <- Arguments.message_id(id),
         {:ok, json} <- Arguments.payload(payload, config.options.max_payload_bytes) do
      Post.post(config, %Entry{room_id: room_id, user_id: user_id, id: id, json: json}, timeout)
    end
  end

  @doc """
  Sends an event to those who are in a room now, in a user's name, without storing it: that somebody is typing, or a figure that is old in a
  second.

  Its members get `%{room_id: room_id, user_id: user_id, json: payload as JSON}` with it. It is lost where the room has just
  crashed, for members that are behind with its messages, and where there are more than `events_per_s` of them. No room is
  started for it. `event` is a text of 1 to 255 bytes that is none of the chat's own (`Cantilever.Chat.Transport`) and does not begin with `phx_`.
  """
  @spec notify(chat, String.t(), String.t(), String.t(), term) :: :ok | {:error, Error.t()}
  def notify(chat, room_id, user_id, event, payload) do
    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.user_id(user_id),
         :ok <- Arguments.event(event),
         {:ok, json} <- Arguments.payload(payload, config.options.max_payload_bytes) do
      room = Rooms.whereis(config, room_id)
      payload = %{room_id: room_id, user_id: user_id, json: json}
      if room, do: Room.notify(room, event, payload), else: :ok
    end
  end

  @doc "The ids of the users in a room, each once, sorted. No room is started for it."
  @spec members(chat, String.t()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def members(chat, room_id) do
    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id) do
      case Rooms.whereis(config, room_id) do
        nil -> {:ok, []}
        room -> {:ok, room |> Room.user_ids(@call_ms) |> Enum.sort() |> Enum.dedup()}
      end
    end
  catch
    :exit, _reason ->
      error(
        :unavailable,
        "the room #{inspect(room_id)} has just crashed, or is too busy to answer"
      )
  end

  @doc """
  Reads messages of a room from the store, the oldest first.

  Options:

    * `:before` - only those with a smaller number. Default: `nil`, the newest.
    * `:limit` - how many, from 1 to 1000. Default: 50.
  """
  @spec history(chat, String.t(), keyword) :: {:ok, [Message.t()]} | {:error, Error.t()}
  def history(chat, room_id, options \\ []) do
    %{before: before, limit: limit} =
      Arguments.options!(options, [before: nil, limit: 50], "history")

    config = Config.fetch!(chat)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.sequence(before),
         :ok <- Arguments.limit(limit) do
      case Store.older(config.store, room_id, before, limit) do
        {:ok, messages} -> {:ok, messages}
        {:error, reason} -> error(:unavailable, "the store: #{Exception.message(reason)}")
      end
    end
  end

  @doc "The ids of the rooms that are running, sorted: those with members, or that were used a short while ago."
  @spec rooms(chat) :: [String.t()]
  def rooms(chat), do: chat |> Config.fetch!() |> Rooms.ids() |> Enum.sort()

  @doc "The connections of a user."
  @spec connections(chat, String.t()) :: {:ok, [pid]} | {:error, Error.t()}
  def connections(chat, user_id) do
    config = Config.fetch!(chat)

    with :ok <- Arguments.user_id(user_id),
         {:ok, entries} <- Users.connections(config, user_id),
         do: {:ok, Enum.map(entries, &elem(&1, 0))}
  end

  @doc """
  Has the events of a room sent to the calling process, without being a member that others see.

  The events are those of `Cantilever.Chat.Transport.Process`. Returns the connection that sends them, which
  `Cantilever.Chat.UserConnection.close/1` ends. Options: `:last_seq` and `:timeout`, as for `join/4`.
  """
  @spec subscribe(chat, String.t(), keyword) :: {:ok, pid} | {:error, Error.t()}
  def subscribe(chat, room_id, options \\ []) do
    config = Config.fetch!(chat)
    defaults = [last_seq: nil, timeout: @call_ms]
    %{timeout: timeout} = Arguments.options!(options, defaults, "subscribe")
    _valid = Arguments.timeout!(timeout)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Users.room_for_one_more(config, self()),
         {:ok, connection} <-
           start_connection(config, nil, self(), {Transport.Process, self()}) do
      case UserConnection.join(connection, room_id, [visible: false] ++ options) do
        {:ok, _joined} ->
          {:ok, connection}

        {:error, error} ->
          UserConnection.close(connection)
          {:error, error}
      end
    end
  end

  @impl Supervisor
  def init(options) do
    config = Config.new(options)
    Config.put(config)
    partitions = System.schedulers_online()

    children =
      [
        {PatientRegistry, keys: :unique, name: config.room_registry, partitions: partitions},
        {PatientRegistry,
         keys: :duplicate, name: config.user_registry, partitions: user_partitions()}
      ] ++
        Store.child_specs(options.name, options.store) ++
        [
          {MessageQueue,
           Keyword.merge(options.queue,
             name: config.queue,
             commit: {Delivery, :commit, [options.name]}
           )},
          {DynamicSupervisor, name: config.shard_supervisor},
          {PartitionSupervisor,
           name: config.room_supervisor,
           partitions: partitions,
           max_restarts: 1_000,
           max_seconds: 10,
           child_spec: {DynamicSupervisor, max_restarts: 10_000, max_seconds: 10}},
          {Resync, options.name},
          {Owners, options.name},
          {PartitionSupervisor,
           name: config.connection_supervisor,
           partitions: partitions,
           max_restarts: 1_000,
           max_seconds: 10,
           child_spec: ConnectionSupervisor}
        ]

    # Each looks the others up by name, again and again: none needs to restart with another.
    children
    |> Enum.with_index()
    |> Enum.map(fn {child, index} -> Supervisor.child_spec(child, id: id(child, index)) end)
    |> Supervisor.init(strategy: :one_for_one, max_restarts: 1_000, max_seconds: 10)
  end

  # A user's connections may be in any of them, so each look at them, of which a join takes four, looks into all: with 64, a join takes twice as long.
  defp user_partitions, do: div(System.schedulers_online() + 3, 4)

  defp id({_module, options}, index) when is_list(options), do: options[:name] || index
  defp id(%{id: id}, _index), do: id
  defp id({module, _argument}, _index), do: module

  defp start_connection(config, user_id, owner, transport) do
    # Spread by chance, as one user, or one process, may have many.
    supervisor = {:via, PartitionSupervisor, {config.connection_supervisor, make_ref()}}
    argument = {config.name, user_id, owner, transport}

    case ConnectionSupervisor.start_connection(supervisor, argument) do
      {:ok, connection} -> {:ok, connection}
      {:error, {:shutdown, %Error{} = error}} -> {:error, error}
      {:error, reason} -> error(:unavailable, "the connection did not start: #{inspect(reason)}")
    end
  catch
    :exit, _reason -> error(:unavailable, "the supervisor of the connections is being restarted")
  end

  defp own_connection(config, user_id) do
    case find_own_connection(config, user_id) do
      nil -> connect(config.name, user_id)
      found -> found
    end
  end

  defp find_own_connection(config, user_id) do
    owner = self()

    with {:ok, entries} <- Users.connections(config, user_id) do
      Enum.find_value(entries, fn {connection, of} -> of == owner && {:ok, connection} end)
    end
  end

  defp pop_connection!(options) do
    unless Keyword.keyword?(options),
      do: raise(ArgumentError, "options are a keyword list, got: #{inspect(options)}")

    case Keyword.pop(options, :connection) do
      {nil, options} ->
        {nil, options}

      {connection, options} when is_pid(connection) ->
        {{:ok, connection}, options}

      {other, _options} ->
        raise ArgumentError, "the option :connection is a pid, got: #{inspect(other)}"
    end
  end
end
