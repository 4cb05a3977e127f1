defmodule Cantilever.Chat.Store.SQLite do
  @moduledoc """
  A store that keeps the messages of a chat in an SQLite database, through `Cantilever.DatabaseWorker`.

      iex> spec = {Cantilever.Chat.Store.SQLite, path: ":memory:"}
      iex> specs = Cantilever.Chat.Store.child_specs(Cantilever.Chat.Store.SQLite.Example, spec)
      iex> {:ok, _tree} = Supervisor.start_link(specs, strategy: :one_for_one)
      iex> store = Cantilever.Chat.Store.new(Cantilever.Chat.Store.SQLite.Example, spec)
      iex> entry = %Cantilever.Chat.Entry{room_id: "lobby", user_id: "ada", json: ~S("Hello")}
      iex> {:ok, [ok: _first, ok: second]} = Cantilever.Chat.Store.append(store, [entry, entry])
      iex> {second.seq, second.json}
      {2, ~S("Hello")}

  A list of entries is one transaction, so what costs most, the way to the disk, is paid once for all of them. The worker is the store's own,
  for which `:path` says where the database is, or one that runs already, with other tables beside those of the chat.

  The table `cantilever_messages` and its index are made when they are first needed, and again if somebody removes them. It has the columns
  `room`, `seq`, `user`, `id`, `at` (in ms since 1970) and `payload`, all of a room's messages lie side by side, and each is found without
  looking at others.

  ## Options

  #{Cantilever.Options.docs(Cantilever.Chat.Store.SQLite.Config.schema())}

  A smaller `:keep` than before does not delete all that is too much at once, but with each list that is stored in a room at most some
  1,000 of that room's oldest messages.
  """

  @behaviour Cantilever.Chat.Store

  alias Cantilever.Chat.Store.SQLite.Appending
  alias Cantilever.Chat.Store.SQLite.Config
  alias Cantilever.Chat.Store.SQLite.Table
  alias Cantilever.DatabaseWorker

  @impl Cantilever.Chat.Store
  def new(chat, options), do: Config.new!(chat, options)

  @impl Cantilever.Chat.Store
  def child_specs(chat, options) do
    case Config.new!(chat, options) do
      %{database: nil} -> []
      %{database: database} -> [Supervisor.child_spec({Cantilever.DatabaseWorker, database}, [])]
    end
  end

  @impl Cantilever.Chat.Store
  def append(config, entries),
    do: Appending.append(config, entries, System.system_time(:millisecond))

  @impl Cantilever.Chat.Store
  def recent(config, room_id, limit), do: Table.read(config, :recent, room_id, [limit])

  @impl Cantilever.Chat.Store
  def newer(config, room_id, after_seq, limit),
    do: Table.read(config, :newer, room_id, [after_seq, limit])

  @impl Cantilever.Chat.Store
  def older(config, room_id, before_seq, limit),
    do: Table.read(config, :older, room_id, [before_seq, limit])

  # The writer is lent again only when the call of its dead borrower has ended, and the lock is there for one at a time: also after
  # the worker itself has been replaced.
  @impl Cantilever.Chat.Store
  def settle(config) do
    case DatabaseWorker.transaction(config.worker, fn _transaction -> :ok end,
           timeout: config.timeout
         ) do
      {:ok, :ok} -> :ok
      {:error, error} -> {:error, Table.error(error)}
    end
  end
end
