defmodule Cantilever.Chat.UserConnection.Membership do
  @moduledoc false
  # What a connection knows of one of its rooms: where it is, and how far it has come there.

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Slots

  @enforce_keys [:ref]
  defstruct [
    :ref,
    # The process that delivers, or that was asked to: the room or one of its shards.
    :home,
    :monitor,
    # nil until it has joined.
    :place,
    :last_seq,
    # Who waits for the first join.
    :from,
    attempts: 0,
    visible?: true
  ]

  @type t :: %__MODULE__{
          ref: non_neg_integer,
          home: pid | nil,
          monitor: reference | nil,
          place: Slots.place() | nil,
          last_seq: non_neg_integer | nil,
          from: GenServer.from() | nil,
          attempts: non_neg_integer,
          visible?: boolean
        }

  @type step ::
          {:push, Message.t()} | {:missing, after_seq :: non_neg_integer, up_to :: pos_integer}

  @doc """
  What to do with messages that have come: what was there before is left out, and what is missing is to be read before the rest.
  """
  @spec steps(t, [Message.t()]) :: [step]
  def steps(membership, messages), do: steps_after(membership.last_seq, messages)

  defp steps_after(_last, []), do: []

  defp steps_after(last, [%{seq: seq} | messages]) when seq <= last,
    do: steps_after(last, messages)

  defp steps_after(last, [%{seq: seq} = message | messages]) when seq == last + 1,
    do: [{:push, message} | steps_after(seq, messages)]

  defp steps_after(last, [%{seq: seq} | _] = messages),
    do: [{:missing, last, seq - 1} | steps_after(seq - 1, messages)]

  @doc "Marks how far it has come, also for the process that delivers."
  @spec at(t, non_neg_integer) :: t
  def at(membership, seq) do
    if membership.place, do: Slots.write(membership.place, seq)
    %{membership | last_seq: seq}
  end
end
