defmodule Cantilever.MessageQueue.Options do
  @moduledoc false
  # What a queue and its callers may be told, checked once.

  alias Cantilever.Options

  # The longest that `receive` and the timers of the VM take.
  @longest_ms 0xFFFFFFFF

  @schema [
    commit: [
      type: {:function, 1},
      doc: "stores a list of messages; see above"
    ],
    name: [type: {:or, nil, :name}, default: nil, doc: "the name under which it is found"],
    max_messages: [
      type: {:integer, 1},
      default: 10_000,
      doc: "how many messages it holds, with those that are being stored"
    ],
    max_per_key: [
      type: {:integer, 1},
      default: 2_000,
      doc: "how many of them may have the same key, so that nobody has the queue for himself"
    ],
    max_bytes: [
      type: {:integer, 1},
      default: 67_108_864,
      doc: "how many bytes they may have together"
    ],
    batch_messages: [
      type: {:integer, 1},
      default: 1_000,
      doc: "how many messages are stored at a time"
    ],
    batch_bytes: [
      type: {:integer, 1},
      default: 8_388_608,
      doc: "how many bytes are stored at a time, unless one message has more"
    ],
    batch_window_ms: [
      type: {:integer, 0, 60_000},
      default: 2,
      doc: "how long the first message of a batch waits for others, if it waits"
    ],
    batch_siblings: [
      type: {:integer, 0},
      default: 2,
      doc: "it waits if the batch before had so many messages; 0 to wait always"
    ],
    backoff_min_ms: [
      type: {:integer, 1, @longest_ms},
      default: 20,
      doc:
        "how long to wait after the first failure, half of it at random; twice as long after each more"
    ],
    backoff_max_ms: [
      type: {:integer, 1, @longest_ms},
      default: 2_000,
      doc: "how long to wait at most"
    ],
    drain_timeout_ms: [
      type: {:integer, 0, @longest_ms},
      default: 5_000,
      doc: "how long a queue that is shut down may take to store what it holds"
    ]
  ]

  @fields Keyword.keys(@schema)
  @enforce_keys @fields
  defstruct @fields

  @type t :: %__MODULE__{
          commit: (list -> term) | {module, atom, list},
          name: nil | atom | {:global, term} | {:via, module, term},
          max_messages: pos_integer,
          max_per_key: pos_integer,
          max_bytes: pos_integer,
          batch_messages: pos_integer,
          batch_bytes: pos_integer,
          batch_window_ms: non_neg_integer,
          batch_siblings: non_neg_integer,
          backoff_min_ms: pos_integer,
          backoff_max_ms: pos_integer,
          drain_timeout_ms: non_neg_integer
        }

  @doc "The options as a Markdown list."
  @spec docs() :: String.t()
  def docs, do: Options.docs(@schema)

  @doc "Reads the options of a queue, or raises `ArgumentError` that names the wrong one."
  @spec new!(keyword) :: t
  def new!(options), do: struct!(__MODULE__, Options.new!(options, @schema, "a message queue"))

  @put [
    key: [type: :term, default: nil],
    bytes: [type: {:or, nil, {:integer, 0}}, default: nil],
    timeout: [type: {:or, :infinity, {:integer, 0, @longest_ms}}, default: 5_000]
  ]

  @put_async @put ++ [reply_to: [type: {:or, nil, :from}, default: nil]]

  @doc "Reads the options of one message, the size of which is measured unless it is given."
  @spec put!(keyword, term, :put | :put_async) :: map
  def put!(options, message, function) do
    schema = if function == :put, do: @put, else: @put_async
    options = Options.new!(options, schema, "MessageQueue.#{function}/3")
    %{options | bytes: options.bytes || :erlang.external_size(message)}
  end
end
