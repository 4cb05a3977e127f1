defmodule Cantilever.DatabaseWorker.Error do
  @moduledoc """
  Why the database has not done what it was asked for. After an error it is known what is stored: nothing of the call, but for the reason
  `:uncertain`.

      iex> error = %Cantilever.DatabaseWorker.Error{reason: :busy, message: "database is locked", code: 5, sql: "VACUUM"}
      iex> Exception.message(error)
      "busy: database is locked (SQLite's code 5) in VACUUM"

  | reason | what happened | what to do |
  |---|---|---|
  | `:timeout` | the time was over: in the queue, or in the middle of the statement, which was stopped | try again, or give more `:timeout` |
  | `:busy` | another program held a lock on the file until the time was over | try again later |
  | `:overloaded` | the queue for a connection was full | try again later, and send less |
  | `:unavailable` | the worker is not there, or cannot open the database; `cause` says why | try again later; the worker tries too |
  | `:constraint` | a constraint of a table was violated, or a value has the wrong type for its column | other values |
  | `:parameter` | a value cannot be bound: of which parameter, and why, is in the message | other values |
  | `:value` | a value of a row is none of Elixir's: an infinite float | read it as text |
  | `:syntax` | the statement cannot be prepared: its grammar is wrong, or a table or column is not there | another statement |
  | `:multiple_statements` | the SQL has more than one statement | a call for each |
  | `:failed` | the statement failed while it ran | what the message says |
  | `:not_allowed` | the statement would change the connection for others: BEGIN, COMMIT, ATTACH, TEMP objects, most PRAGMAs that set something | `transaction/3`, `backup/3` |
  | `:open_transaction` | the statement has begun a transaction, which was rolled back | `transaction/3` |
  | `:rolled_back` | the transaction is over, as an error or the statement itself has ended it | the whole transaction again |
  | `:read_only` | the statement writes where only reading is allowed, or the file cannot be written | the mode `:write`, or the file's permissions |
  | `:too_big` | a text, a blob, the statement or the result is larger than the options allow | less of it, `stream/4`, or other options |
  | `:disk_full` | there is no room on the disk | make room; then try again |
  | `:io`, `:cannot_open`, `:no_memory` | the system did not do what SQLite asked it for | look at the disk and the message |
  | `:uncertain` | the system failed, by `code`, while it may have been writing the commit of the call: all of it is stored, or nothing | look what is there before doing it again |
  | `:corrupt`, `:not_a_database` | the file is damaged, or none of SQLite's | a backup |
  | `:over` | the transaction or the stream is over, or another process is using it right now | use it where it was made, while it lasts |
  | `:crashed` | the native code has panicked; the connection is replaced | report it, and try again |
  """

  defexception [:reason, :message, :code, :sql, :cause]

  @typedoc "What went wrong: the table above tells them apart."
  @type reason ::
          :timeout
          | :busy
          | :overloaded
          | :unavailable
          | :constraint
          | :parameter
          | :value
          | :syntax
          | :multiple_statements
          | :failed
          | :not_allowed
          | :open_transaction
          | :rolled_back
          | :read_only
          | :too_big
          | :disk_full
          | :io
          | :cannot_open
          | :no_memory
          | :uncertain
          | :corrupt
          | :not_a_database
          | :over
          | :crashed

  @typedoc """
  An error: `code` is SQLite's extended code where the error is one of SQLite's, `sql` the statement where there was one, and `cause`
  the reason why the database is `:unavailable`.
  """
  @type t :: %__MODULE__{
          reason: reason,
          message: String.t(),
          code: nil | integer,
          sql: nil | String.t(),
          cause: nil | reason
        }

  @shown_sql 200

  @doc "Says what went wrong, and in which statement."
  @spec message(t) :: String.t()
  @impl Exception
  def message(%__MODULE__{} = error) do
    "#{error.reason}: #{error.message}#{code(error.code)}#{statement(error.sql)}"
  end

  defp code(nil), do: ""
  defp code(code), do: " (SQLite's code #{code})"

  defp statement(nil), do: ""

  defp statement(sql) do
    if String.length(sql) > @shown_sql,
      do: " in #{String.slice(sql, 0, @shown_sql)}…",
      else: " in #{sql}"
  end
end
