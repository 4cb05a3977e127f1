defmodule Cantilever.DatabaseWorker.Pool.Borrower do
  @moduledoc false
  # Who has a connection, or waits for one.

  @enforce_keys [:pid, :ref, :monitor, :role]
  defstruct [:pid, :ref, :monitor, :role]

  @type t :: %__MODULE__{
          pid: pid,
          ref: reference,
          monitor: reference,
          role: :writer | :reader
        }
end
