defmodule Cantilever.Chat.Room.Join do
  @moduledoc false
  # What a connection asks a room for.

  alias Cantilever.Chat.Encoding

  @enforce_keys [:connection, :ref, :user_id]
  defstruct [:connection, :ref, :user_id, :last_seq, kind: :plain]

  @type t :: %__MODULE__{
          connection: pid,
          # Tells this join from others of the same connection.
          ref: non_neg_integer,
          # nil: is not to be seen.
          user_id: String.t() | nil,
          # nil: only what comes from now on.
          last_seq: non_neg_integer | nil,
          kind: Encoding.kind()
        }
end
