defmodule Cantilever.Chat.Room.Join do
  @moduledoc false
  # What a connection asks a room for.

  @enforce_keys [:connection, :ref, :user_id]
  defstruct [:connection, :ref, :user_id, visible?: true, last_seq: nil]

  @type t :: %__MODULE__{
          connection: pid,
          # Tells this join from others of the same connection.
          ref: non_neg_integer,
          user_id: String.t() | nil,
          visible?: boolean,
          # nil: only what comes from now on.
          last_seq: non_neg_integer | nil
        }
end
