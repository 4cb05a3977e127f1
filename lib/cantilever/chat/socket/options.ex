defmodule Cantilever.Chat.Socket.Options do
  @moduledoc false
  # The options of a socket. They are read once, where the socket is mounted, and looked up for each connection.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Token
  alias Cantilever.Options

  # What is stored of a message is written anew, in UTF-8. Two bytes of that are six where a client escapes them.
  @escaped 3
  @around_a_message 4_096

  @schema [
    chat: [type: :atom, doc: "the name of the `Cantilever.Chat`"],
    secret: [
      type: :term,
      default: nil,
      doc:
        "what tokens are signed with (`Cantilever.Chat.Token`): then the token of the connection says who the user is, its `auth_token` or else its parameter `token`. A binary of 32 bytes or more, or `{module, function, arguments}` that returns it"
    ],
    authenticate: [
      type: {:or, nil, {:function, 2}},
      default: nil,
      doc:
        "says who the user is in the place of tokens: given the parameters and the `connect_info` of the connection, it returns `{:ok, user_id}` or `{:error, reason}`"
    ],
    authorize: [
      type: {:or, nil, {:function, 3}},
      default: nil,
      doc:
        "whether a user may join a room: given the user's id, the room's and the payload of the join, it returns `:ok` or `{:error, {reason, message}}`. Without it everybody may"
    ],
    push: [
      type: {:or, nil, {:function, 1}},
      default: nil,
      doc:
        "answers events that are not the socket's own, in a process of its own. Given a map of `chat`, `room_id`, `user_id`, `event` and `payload` (a JSON value, or `{:binary, bytes}`), it returns `{:ok, response}`, where the response is a map or `{:binary, bytes}`, or `{:error, {reason, message}}`"
    ],
    relay: [
      type: :term,
      default: [],
      doc: "events that a member may send to all others without their being stored, as `typing`"
    ],
    push_timeout_ms: [
      type: {:integer, 1},
      default: 30_000,
      doc: "how long such an answer, and the reading of history, may take, in ms"
    ],
    max_text_bytes: [
      type: {:or, nil, {:integer, 1}},
      default: nil,
      doc:
        "the largest text frame of a client, in bytes. A larger one is not read, and closes the connection with the code 1009, as a megabyte of JSON can be half a million values. Without it, it is three times the `max_payload_bytes` of the chat and 4,096 more: clients that write all but ASCII as `\\u` take so much. Bytes in binary frames are bounded by the server alone"
    ],
    max_requests: [
      type: {:integer, 1},
      default: 32,
      doc: "how many requests of one client may wait for their answer at once"
    ],
    reconnect_within_ms: [
      type: {:integer, 1},
      default: 5_000,
      doc:
        "within what time clients are to come back after a crash, each at its own moment, in ms"
    ]
  ]

  # What Phoenix gives along.
  @phoenix [:endpoint, :websocket, :longpoll, :drainer, :auth_token, :shutdown, :log]

  @type t :: %{
          chat: atom,
          secret: binary | {module, atom, list} | nil,
          authenticate: function | {module, atom, list} | nil,
          authorize: function | {module, atom, list} | nil,
          push: function | {module, atom, list} | nil,
          relay: [String.t()],
          push_timeout_ms: pos_integer,
          max_text_bytes: pos_integer | nil,
          max_requests: pos_integer,
          reconnect_within_ms: pos_integer
        }

  @spec docs() :: String.t()
  def docs do
    Options.docs(@schema)
  end

  @doc "Reads the options where the socket is mounted, and keeps them."
  @spec mount!(keyword) :: t
  def mount!(given) do
    options = new!(given)
    :persistent_term.put(key(given), options)
    options
  end

  @doc "The options of a connection: those that its server has, or that its endpoint has mounted the socket with."
  @spec fetch!(map) :: t
  def fetch!(%{endpoint: nil, options: given}), do: mounted(given)
  def fetch!(%{endpoint: endpoint}), do: mounted(endpoint: endpoint)

  defp mounted(given) do
    case :persistent_term.get(key(given), nil) do
      nil -> new!(given)
      options -> options
    end
  end

  # An endpoint does not tell its connections what it has mounted the socket with.
  defp key(given), do: {__MODULE__, Keyword.get(given, :endpoint, given)}

  defp new!(given) do
    configured = Application.get_env(:cantilever, Cantilever.Chat.Socket, [])
    own = Keyword.merge(configured, Keyword.drop(given, @phoenix))
    options = Options.new!(own, @schema, "a socket")

    case options do
      %{secret: nil, authenticate: nil} ->
        raise ArgumentError,
              "a socket needs the option :secret or :authenticate: nobody would know who its users are"

      %{secret: secret, authenticate: authenticate} when secret != nil and authenticate != nil ->
        raise ArgumentError,
              "a socket has the option :secret or :authenticate, and not both of them"

      %{secret: secret} when is_binary(secret) ->
        Token.check_secret!(secret)

      _asked_for_later ->
        :ok
    end

    unless is_list(options.relay) and Enum.all?(options.relay, &is_binary/1) do
      raise ArgumentError,
            "the option :relay of a socket is a list of events, got: #{inspect(options.relay)}"
    end

    options
  end

  @doc "Whether a text of a client is larger than `max_text_bytes`, or than a message of the chat can be."
  @spec too_large?(t, binary) :: boolean
  def too_large?(%{max_text_bytes: most}, text) when most != nil, do: byte_size(text) > most
  def too_large?(_options, text) when byte_size(text) <= @around_a_message, do: false

  def too_large?(%{chat: chat}, text) do
    %{max_payload_bytes: payload_bytes} = Config.fetch!(chat).options
    byte_size(text) > @escaped * payload_bytes + @around_a_message
  end

  @doc "Calls what an option has named."
  @spec call(function | {module, atom, list}, list) :: term
  def call({module, function, more}, arguments), do: apply(module, function, arguments ++ more)
  def call(function, arguments), do: apply(function, arguments)
end
