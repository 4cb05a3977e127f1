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
    # nil until it has joined, and `last_seq` then does not change any more.
    :place,
    :last_seq,
    # Who waits for it to have joined, each with a tag of the call.
    waiting: [],
    # Whether it has never been in the room yet.
    new?: true,
    attempts: 0,
    visible?: true
  ]

  @type t :: %__MODULE__{
          ref: non_neg_integer,
          home: pid | nil,
          monitor: reference | nil,
          place: Slots.place() | nil,
          last_seq: non_neg_integer | nil,
          waiting: [{tag :: reference, GenServer.from()}],
          new?: boolean,
          attempts: non_neg_integer,
          visible?: boolean
        }

  @type step ::
          {:push, Message.t()} | {:missing, after_seq :: non_neg_integer, up_to :: pos_integer}

  @doc """
  What to do with messages that have come: what was there before is left out, and what is missing is to be read before the rest.
  """
  @spec steps(t, [Message.t()]) :: [step]
  def steps(membership, messages), do: steps_after(last_seq(membership), messages)

  defp steps_after(_last, []), do: []

  defp steps_after(last, [%{seq: seq} | messages]) when seq <= last,
    do: steps_after(last, messages)

  defp steps_after(last, [%{seq: seq} = message | messages]) when seq == last + 1,
    do: [{:push, message} | steps_after(seq, messages)]

  defp steps_after(last, [%{seq: seq} | _] = messages),
    do: [{:missing, last, seq - 1} | steps_after(seq - 1, messages)]

  @doc """
  The number of the last message that was pushed.

  While it is in the room, that is where the process that delivers reads it too: nothing else changes with a message.
  """
  @spec last_seq(t) :: non_neg_integer | nil
  def last_seq(%{place: nil, last_seq: last_seq}), do: last_seq
  def last_seq(%{place: place}), do: Slots.get(place)

  @doc "Marks how far it has come."
  @spec at(t, non_neg_integer) :: t
  def at(%{place: nil} = membership, seq), do: %{membership | last_seq: seq}

  def at(%{place: place} = membership, seq) do
    Slots.put(place, seq)
    membership
  end

  @doc "Is in the room, as far as `seq`."
  @spec enter(t, Slots.place(), non_neg_integer) :: t
  def enter(membership, place, seq),
    do: at(%{membership | place: place, waiting: [], new?: false, attempts: 0}, seq)

  @doc "Keeps the number by itself, to be done before it leaves: then its place in the room is another's."
  @spec hold(t) :: t
  def hold(membership), do: %{membership | last_seq: last_seq(membership), place: nil}

  @doc "Is not in the room any more, and is to come back."
  @spec quit(t, non_neg_integer) :: t
  def quit(membership, ref) do
    %{
      hold(membership)
      | ref: ref,
        home: nil,
        monitor: nil,
        attempts: membership.attempts + 1
    }
  end
end
