defmodule Cantilever.Chat.Store do
  @moduledoc """
  A behaviour for what keeps the messages of a chat, and the functions that the chat calls it by.

      iex> chat = Cantilever.Chat.Store.Example
      iex> spec = {Cantilever.Chat.Store.Memory, keep: 100}
      iex> {:ok, _tree} = Supervisor.start_link(Cantilever.Chat.Store.child_specs(chat, spec), strategy: :one_for_one)
      iex> store = Cantilever.Chat.Store.new(chat, spec)
      iex> entry = %Cantilever.Chat.Entry{room_id: "lobby", user_id: "ada", id: "a1", json: ~S("Hello")}
      iex> {:ok, [ok: message]} = Cantilever.Chat.Store.append(store, [entry])
      iex> message.seq
      1
      iex> {:ok, [duplicate: ^message]} = Cantilever.Chat.Store.append(store, [entry])
      iex> {:ok, [^message]} = Cantilever.Chat.Store.recent(store, "lobby", 10)

  Two come with the kit: `Cantilever.Chat.Store.Memory` and `Cantilever.Chat.Store.SQLite`. The functions here may be called by any
  process. They never raise because the store is away, and never wait for it to come back.

  ## What every store holds to

    * `c:append/2` takes a list of entries and stores all of them or none, but for those that it refuses one by one. An entry
      gets the next sequence number of its room, from 1 on and without gaps. That number is given in the same transaction in which
      the entry is stored, so that no crash of anybody else makes one be used twice.
    * An entry with an `id` that the same user has stored in the same room before, or earlier in the same list, is not stored
      again: the answer is the first one's message, as a `:duplicate`. A message that has been trimmed is forgotten.
    * What was appended is there for every reader when `c:append/2` returns.
    * Old messages of a room may be trimmed, the newest one never.
  """

  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store.Error

  @typedoc "The name of the chat that the store is for."
  @type chat :: atom

  @typedoc "What a chat is given as `store:`."
  @type spec :: module | {module, options :: keyword}

  @typedoc "What a store's own functions are given, as `c:new/2` made it."
  @type config :: term

  @typedoc "A store that can be called."
  @type t :: {module, config}

  @typedoc "What became of an entry."
  @type outcome :: {:ok, Message.t()} | {:duplicate, Message.t()} | {:error, Error.t()}

  @typedoc """
  What became of a list of entries: an outcome for each, in order; `{:error, error}` if nothing was stored, so that the same list
  may be tried again; `{:unknown, error}` if it cannot be told.
  """
  @type appended :: {:ok, [outcome]} | {:error, Error.t()} | {:unknown, Error.t()}

  @typedoc "Messages by ascending sequence numbers."
  @type messages :: {:ok, [Message.t()]} | {:error, Error.t()}

  @doc "Reads the options, or raises an `ArgumentError` that names the wrong one."
  @callback new(chat, options :: keyword) :: config

  @doc "What must run for it, in the order in which it starts."
  @callback child_specs(chat, options :: keyword) :: [Supervisor.child_spec()]

  @doc "Stores entries. They have passed `Cantilever.Chat.Entry.check/1`."
  @callback append(config, [Entry.t()]) :: appended

  @doc "The newest `limit` messages of a room."
  @callback recent(config, room_id :: String.t(), limit :: non_neg_integer) :: messages

  @doc "The first `limit` messages after a sequence number."
  @callback newer(config, room_id :: String.t(), after_seq :: integer, limit :: non_neg_integer) ::
              messages

  @doc "The last `limit` messages before a sequence number."
  @callback older(config, room_id :: String.t(), before_seq :: integer, limit :: non_neg_integer) ::
              messages

  @doc "Returns once no `c:append/2` of a process that has died is under way any more."
  @callback settle(config) :: :ok | {:error, Error.t()}

  @doc """
  Makes the store that the functions below take, which needs not run yet.

  Raises an `ArgumentError` for options that the store does not have.
  """
  @spec new(chat, spec) :: t
  def new(chat, spec) do
    {module, options} = parts!(spec)
    {module, module.new(chat, options)}
  end

  @doc "Returns the specifications of the processes that the store needs, to be started before it is called."
  @spec child_specs(chat, spec) :: [Supervisor.child_spec()]
  def child_specs(chat, spec) do
    {module, options} = parts!(spec)
    module.child_specs(chat, options)
  end

  @doc """
  Stores entries in order, all in one transaction.

  An entry that no store could hold, such as one with an `id` that is no text, is an `{:error, error}` with the reason `:invalid` in
  its place, and holds up none of the others.
  """
  @spec append(t, [Entry.t()]) :: appended
  def append({module, config}, entries) do
    checked = Enum.map(entries, &{&1, Entry.check(&1)})

    case for({entry, :ok} <- checked, do: entry) do
      [] ->
        {:ok, merge(checked, [])}

      valid ->
        with {:ok, outcomes} <- module.append(config, valid), do: {:ok, merge(checked, outcomes)}
    end
  end

  @doc "Returns the newest `limit` messages of a room; an empty list for a room that nobody has written to."
  @spec recent(t, String.t(), non_neg_integer) :: messages
  def recent({module, config}, room_id, limit) when is_integer(limit) and limit >= 0,
    do: module.recent(config, room_id, limit)

  @doc """
  Returns the first `limit` messages after `after_seq`.

  Where the history has been trimmed, the first of them may come later than `after_seq + 1`.
  """
  @spec newer(t, String.t(), integer, non_neg_integer) :: messages
  def newer({module, config}, room_id, after_seq, limit)
      when is_integer(after_seq) and is_integer(limit) and limit >= 0,
      do: module.newer(config, room_id, after_seq, limit)

  @doc "Returns the last `limit` messages before `before_seq`, or the newest if that is nil."
  @spec older(t, String.t(), integer | nil, non_neg_integer) :: messages
  def older(store, room_id, nil, limit), do: recent(store, room_id, limit)

  def older({module, config}, room_id, before_seq, limit)
      when is_integer(before_seq) and is_integer(limit) and limit >= 0,
      do: module.older(config, room_id, before_seq, limit)

  @doc """
  Returns once everything is decided: what a process that has died was about to store is stored by then, or never will be.
  """
  @spec settle(t) :: :ok | {:error, Error.t()}
  def settle({module, config}), do: module.settle(config)

  defp merge([{_entry, :ok} | checked], [outcome | outcomes]),
    do: [outcome | merge(checked, outcomes)]

  defp merge([{_entry, {:error, text}} | checked], outcomes),
    do: [{:error, %Error{reason: :invalid, message: text}} | merge(checked, outcomes)]

  defp merge([], []), do: []

  defp parts!({module, options} = spec) when is_atom(module) do
    if Keyword.keyword?(options), do: {loaded!(module), options}, else: wrong!(spec)
  end

  defp parts!(module) when is_atom(module) and module not in [nil, true, false],
    do: {loaded!(module), []}

  defp parts!(other), do: wrong!(other)

  defp loaded!(module) do
    if Code.ensure_loaded?(module) and function_exported?(module, :append, 2),
      do: module,
      else: wrong!(module)
  end

  @spec wrong!(term) :: no_return
  defp wrong!(spec) do
    raise ArgumentError,
          "a store is a module with the behaviour Cantilever.Chat.Store, or {module, options}, got: #{inspect(spec)}"
  end
end
