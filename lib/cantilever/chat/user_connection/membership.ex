defmodule Cantilever.Chat.UserConnection.Membership do
  @moduledoc false
  # What a connection knows of one of its rooms: where it is, and how far it has come there.

  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.Room.Slots
  alias Cantilever.Chat.UserConnection.State

  @enforce_keys [:ref]
  defstruct [
    :ref,
    # The process that delivers, or that was asked to: the room or one of its shards.
    :home,
    :monitor,
    # nil until it has joined, and `last_seq` then does not change any more.
    :place,
    :last_seq,
    # How far the store is being read, page by page, before what comes meanwhile is.
    replaying_to: nil,
    # What the room sends it: see `Cantilever.Chat.Encoding.kind/2`.
    kind: :plain,
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
          replaying_to: pos_integer | nil,
          kind: Encoding.kind(),
          waiting: [{tag :: reference, State.waiting()}],
          new?: boolean,
          attempts: non_neg_integer,
          visible?: boolean
        }

  @typedoc "A message as the transport wants it, with its number."
  @type numbered :: {seq :: pos_integer, message :: term}

  @type step :: {:push, numbered} | {:missing, up_to :: pos_integer}

  @doc """
  What to do with messages that have come: what was there before is left out. Where some are missing, they and all after them are to
  be read.
  """
  @spec steps(t, [numbered]) :: [step]
  def steps(membership, messages), do: steps_after(last_seq(membership), messages)

  defp steps_after(_last, []), do: []

  defp steps_after(last, [{seq, _message} | messages]) when seq <= last,
    do: steps_after(last, messages)

  defp steps_after(last, [{seq, _message} = numbered | messages]) when seq == last + 1,
    do: [{:push, numbered} | steps_after(seq, messages)]

  defp steps_after(_last, messages) do
    {up_to, _message} = List.last(messages)
    [{:missing, up_to}]
  end

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

  @doc "Is to read the store as far as `up_to`, or further if it was to already."
  @spec replay_to(t, non_neg_integer) :: t
  def replay_to(membership, up_to),
    do: %{membership | replaying_to: max(membership.replaying_to || up_to, up_to)}

  @doc "Keeps the number by itself, to be done before it leaves: then its place in the room is another's."
  @spec hold(t) :: t
  def hold(membership), do: %{membership | last_seq: last_seq(membership), place: nil}

  @doc "Is not in the room any more, and is to come back."
  @spec quit(t, non_neg_integer) :: t
  def quit(membership, ref) do
    %{
      hold(membership)
      | ref: ref,
        replaying_to: nil,
        home: nil,
        monitor: nil,
        attempts: membership.attempts + 1
    }
  end
end
