defmodule Cantilever.DatabaseWorker.Result do
  @moduledoc """
  What a statement has given.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> {:ok, result} = Cantilever.DatabaseWorker.query(database, "SELECT 1 AS one, 'two' AS two")
      iex> {result.columns, result.rows}
      {["one", "two"], [[1, "two"]]}
  """

  @enforce_keys [:columns, :rows, :changes, :last_insert_rowid]
  defstruct [:columns, :rows, :changes, :last_insert_rowid]

  @typedoc """
  `rows` is a list of lists, in the order of `columns`; `changes` counts the rows that were inserted, updated or deleted, without those
  that triggers and foreign keys have changed; `last_insert_rowid` is that of the connection's last insert, in whichever statement.
  """
  @type t :: %__MODULE__{
          columns: [String.t()],
          rows: [[Cantilever.DatabaseWorker.value()]],
          changes: non_neg_integer,
          last_insert_rowid: integer
        }
end
