defmodule Cantilever.Chat.Options do
  @moduledoc false
  # The options of a chat.

  alias Cantilever.Chat.Store
  alias Cantilever.MessageQueue
  alias Cantilever.Options

  @schema [
    name: [
      type: :atom,
      doc: "the name that all functions take, and that the names of its parts begin with"
    ],
    store: [
      type: :term,
      default: Store.Memory,
      doc:
        "what keeps the messages: a module with the behaviour `Cantilever.Chat.Store`, or `{module, options}`"
    ],
    queue: [
      type: :keyword,
      default: [],
      doc:
        "options of the `Cantilever.MessageQueue` to the store, as a keyword list without `:name` and `:commit`"
    ],
    max_payload_bytes: [
      type: {:integer, 1},
      default: 65_536,
      doc: "the largest payload, in bytes of JSON"
    ],
    max_rooms: [type: {:integer, 1}, default: 100_000, doc: "how many rooms may run"],
    max_connections: [
      type: {:integer, 1},
      default: 1_000_000,
      doc: "how many connections there may be"
    ],
    connections_per_user: [
      type: {:integer, 1},
      default: 100,
      doc: "how many connections a user may have"
    ],
    rooms_per_connection: [
      type: {:integer, 1},
      default: 100,
      doc: "how many rooms a connection may be in"
    ],
    messages_per_s: [
      type: {:integer, 1},
      default: 20,
      doc: "how many messages a second `Cantilever.Chat.UserConnection.broadcast/4` lets through"
    ],
    messages_burst: [
      type: {:integer, 1},
      default: 40,
      doc: "how many of them may come at once after a pause"
    ],
    events_per_s: [
      type: {:integer, 1},
      default: 100,
      doc:
        "how many events a second `Cantilever.Chat.notify/5` brings to a room; what is more is dropped"
    ],
    presence_limit: [
      type: {:integer, 0},
      default: 200,
      doc: "up to how many members a room tells them who is there"
    ],
    max_lag: [
      type: {:integer, 32},
      default: 2_000,
      doc: "how many messages of one room a connection may be behind before the room drops it"
    ],
    replay_limit: [
      type: {:integer, 0},
      default: 10_000,
      doc:
        "how many missed messages a connection gets when it comes back; what is older becomes a gap"
    ],
    recent_messages: [
      type: {:integer, 0},
      default: 64,
      doc: "how many messages a room keeps at hand, for those who have missed only a few"
    ],
    shard_members: [
      type: {:integer, 1},
      default: 2_000,
      doc: "how many members of a room one process delivers to"
    ],
    room_idle_ms: [
      type: {:integer, 10},
      default: 60_000,
      doc: "after how long a room stops that has neither members nor messages, in ms"
    ],
    hibernate_after_ms: [
      type: {:integer, 1},
      default: 5_000,
      doc: "after how long without a message a room or a connection hibernates, in ms"
    ]
  ]

  @type t :: %{
          name: atom,
          store: Store.spec(),
          queue: keyword,
          max_payload_bytes: pos_integer,
          max_rooms: pos_integer,
          max_connections: pos_integer,
          connections_per_user: pos_integer,
          rooms_per_connection: pos_integer,
          messages_per_s: pos_integer,
          messages_burst: pos_integer,
          events_per_s: pos_integer,
          presence_limit: non_neg_integer,
          max_lag: pos_integer,
          replay_limit: non_neg_integer,
          recent_messages: non_neg_integer,
          shard_members: pos_integer,
          room_idle_ms: pos_integer,
          hibernate_after_ms: pos_integer
        }

  @spec docs() :: String.t()
  def docs, do: Options.docs(@schema)

  # What is wrong is found here, and not in the supervisor's process.
  @spec new!(term) :: t
  def new!(options) do
    options = Options.new!(options, @schema, "a chat")

    for key <- [:name, :commit], Keyword.has_key?(options.queue, key) do
      raise ArgumentError,
            "the option :queue of a chat has #{inspect(key)}, which is the chat's own"
    end

    _queue = MessageQueue.Options.new!([commit: {__MODULE__, :new!, []}] ++ options.queue)
    _store = Store.new(options.name, options.store)
    options
  end
end
