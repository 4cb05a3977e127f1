defmodule Cantilever.DatabaseWorker.Pool.Place do
  @moduledoc false
  # Where a connection is, or is to be.

  @enforce_keys [:id, :role]
  defstruct [
    :id,
    :role,
    :connection,
    :borrower,
    :doubt,
    :failure,
    state: :opening,
    attempts: 0
  ]

  @type t :: %__MODULE__{
          id: non_neg_integer,
          role: :writer | :reader,
          connection: nil | reference,
          borrower: nil | Cantilever.DatabaseWorker.Pool.Borrower.t(),
          doubt: nil | :doubtful | :lost,
          state: :opening | :idle | :lent | :settling,
          attempts: non_neg_integer,
          failure: nil | Cantilever.DatabaseWorker.Error.t()
        }
end
