defmodule Cantilever.Chat.Store.SQLite.Table do
  @moduledoc false
  # The table of messages: its statements, and messages from its rows. Every value is bound, and every statement finds its rows by the
  # primary key or the index of ids.

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store.Error
  alias Cantilever.Chat.Store.SQLite.Config
  alias Cantilever.DatabaseWorker

  @table """
  CREATE TABLE IF NOT EXISTS cantilever_messages (
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,
    user TEXT NOT NULL,
    id TEXT,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (room, seq)
  ) WITHOUT ROWID
  """

  @index """
  CREATE UNIQUE INDEX IF NOT EXISTS cantilever_messages_ids
  ON cantilever_messages (room, user, id) WHERE id IS NOT NULL
  """

  @insert """
  INSERT INTO cantilever_messages (room, seq, user, id, at, payload)
  SELECT ?1, coalesce((SELECT max(seq) FROM cantilever_messages WHERE room = ?1), 0) + 1, ?2, ?3, ?4, ?5
  WHERE true
  ON CONFLICT (room, user, id) WHERE id IS NOT NULL
  """

  # An entry whose id is known violates a constraint. Both of them name the index of ids, and so find out that it is gone.
  @insert_new @insert <> "DO UPDATE SET payload = NULL RETURNING seq"

  # No row comes back for an entry whose id is known.
  @insert_unknown @insert <> "DO NOTHING RETURNING seq"

  # What is too much after `keep` was made smaller goes in parts, for nobody to wait.
  @trim """
  DELETE FROM cantilever_messages WHERE room = ?1 AND seq IN (
    SELECT seq FROM cantilever_messages WHERE room = ?1 AND seq <= ?2 ORDER BY seq LIMIT 1000
  )
  """

  @columns "SELECT seq, user, id, at, payload FROM cantilever_messages WHERE room = ?1"

  @known @columns <> " AND user = ?2 AND id = ?3"

  @reading %{
    recent: @columns <> " ORDER BY seq DESC LIMIT ?2",
    newer: @columns <> " AND seq > ?2 ORDER BY seq LIMIT ?3",
    older: @columns <> " AND seq < ?2 ORDER BY seq DESC LIMIT ?3"
  }

  # What is said of a missing table when a statement is prepared, and when one runs that was prepared before.
  @without_table [:syntax, :failed]

  # Of SQLite's errors those that pass: the same call may be made again.
  @passing ~w(timeout busy overloaded unavailable rolled_back disk_full io cannot_open no_memory uncertain over crashed)a

  @doc "All statements, each with its number of parameters."
  @spec statements() :: [{String.t(), pos_integer}]
  def statements do
    [{@insert_new, 5}, {@insert_unknown, 5}, {@known, 3}, {@trim, 2}] ++
      for {which, sql} <- @reading, do: {sql, if(which == :recent, do: 2, else: 3)}
  end

  @spec insert_new() :: String.t()
  def insert_new, do: @insert_new

  @spec insert_unknown() :: String.t()
  def insert_unknown, do: @insert_unknown

  @doc "Takes a room, a user and an id, and gives a row that `message/2` reads."
  @spec known() :: String.t()
  def known, do: @known

  @spec trim() :: String.t()
  def trim, do: @trim

  @doc "The messages of one of the readings, by ascending sequence numbers."
  @spec read(Config.t(), :recent | :newer | :older, String.t(), [term]) ::
          Cantilever.Chat.Store.messages()
  def read(config, which, room_id, params) do
    result =
      DatabaseWorker.query(config.worker, @reading[which], [room_id | params],
        mode: :read,
        timeout: config.timeout
      )

    case result do
      {:ok, result} ->
        {:ok, result.rows |> Enum.map(&message(room_id, &1)) |> ascending(which)}

      {:error, error} ->
        if missing?(error), do: {:ok, []}, else: {:error, error(error)}
    end
  end

  # Who reads does not make it: that needs a lock, which somebody else may hold for long.
  defp missing?(%{reason: reason, message: message}),
    do: reason in @without_table and message =~ "no such table"

  @doc "Calls the function, and once more if the table was missing and could be made."
  @spec with_table(Config.t(), (() -> {:ok, term} | {:error, term})) ::
          {:ok, term} | {:error, DatabaseWorker.Error.t()}
  def with_table(config, fun) do
    with {:error, %DatabaseWorker.Error{reason: reason}} when reason in @without_table <- fun.(),
         {:ok, _made} <- make(config) do
      fun.()
    end
  end

  @doc "The store's own error for one of the worker's."
  @spec error(DatabaseWorker.Error.t(), Error.reason() | nil) :: Error.t()
  def error(cause, reason \\ nil) do
    %Error{
      reason: reason || if(cause.reason in @passing, do: :unavailable, else: :failed),
      message: "the database says: #{Exception.message(cause)}",
      cause: cause
    }
  end

  @doc "The message of a row."
  @spec message(String.t(), [term]) :: Message.t()
  def message(room_id, [seq, user, id, at, payload]) do
    %Message{room_id: room_id, seq: seq, user_id: user, at_ms: at, id: id, json: payload}
  end

  defp make(%{worker: worker, timeout: timeout}) do
    DatabaseWorker.transaction(
      worker,
      fn transaction ->
        for statement <- [@table, @index] do
          case DatabaseWorker.query(transaction, statement, []) do
            {:ok, _result} -> :ok
            {:error, error} -> DatabaseWorker.rollback(transaction, error)
          end
        end
      end,
      timeout: timeout
    )
  end

  defp ascending(messages, which) when which in [:recent, :older], do: Enum.reverse(messages)
  defp ascending(messages, _which), do: messages
end
