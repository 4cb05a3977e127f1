defmodule Cantilever.DatabaseWorker.Transaction do
  @moduledoc """
  A transaction, while the function that was given to `Cantilever.DatabaseWorker.transaction/3` runs.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> Cantilever.DatabaseWorker.transaction(database, fn transaction ->
      ...>   {:ok, result} = Cantilever.DatabaseWorker.query(transaction, "SELECT 1 + 1")
      ...>   result.rows
      ...> end)
      {:ok, [[2]]}

  It takes the place of the worker in `query/4` and `query_many/4`. Afterwards, and for another process while the first one uses it,
  these give `{:error, %Cantilever.DatabaseWorker.Error{reason: :over}}`.
  """

  @enforce_keys [:lease, :deadline, :ref]
  defstruct [:lease, :deadline, :ref]

  @typedoc "A transaction that is open."
  @opaque t :: %__MODULE__{
            lease: Cantilever.DatabaseWorker.Lease.t(),
            deadline: Cantilever.DatabaseWorker.Deadline.t(),
            ref: reference
          }
end
