defmodule Cantilever.MessageQueue.Item do
  @moduledoc false
  # A message in the queue, and who waits for its acknowledgement: nobody, if `from` is nil. Times are monotonic, in milliseconds.

  @enforce_keys [:message, :from, :key, :bytes, :arrived_ms, :deadline_ms]
  defstruct [:message, :from, :key, :bytes, :arrived_ms, :deadline_ms]

  @type t :: %__MODULE__{
          message: term,
          from: GenServer.from() | nil,
          key: term,
          bytes: non_neg_integer,
          arrived_ms: integer,
          deadline_ms: integer | :infinity
        }

  @spec new(term, GenServer.from() | nil, map, integer) :: t
  def new(message, from, %{key: key, bytes: bytes, timeout: timeout}, now) do
    %__MODULE__{
      message: message,
      from: from,
      key: key,
      bytes: bytes,
      arrived_ms: now,
      deadline_ms: if(timeout == :infinity, do: :infinity, else: now + timeout)
    }
  end

  @doc "The same message, for whom nobody waits any more."
  @spec answered(t) :: t
  def answered(item), do: %{item | from: nil, deadline_ms: :infinity}
end
