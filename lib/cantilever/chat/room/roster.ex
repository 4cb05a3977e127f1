defmodule Cantilever.Chat.Room.Roster do
  @moduledoc false
  # The members that one process delivers to: a room itself, or one of its shards.

  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Broadcast
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Slots

  # Lags are looked at once for so many messages: it is a tenth of the cost of a delivery.
  @look_every 16

  @enforce_keys [:room_id, :max_lag]
  defstruct [
    :room_id,
    :max_lag,
    members: %{},
    recipients: :changed,
    dropped: %{},
    slots: Slots.new()
  ]

  # Not the join as it came: rooms have many members.
  @typep member ::
           {monitor :: reference, join_ref :: non_neg_integer, joined_at :: non_neg_integer,
            Slots.slot(), user_id :: String.t() | nil, Encoding.kind()}
  @type t :: %__MODULE__{
          room_id: String.t(),
          max_lag: pos_integer,
          members: %{pid => member},
          # The members in the order in which they are sent messages: where they are different for each message, that is not worth knowing.
          recipients: :changed | :unchanged | [{Encoding.encoder(), [pid]}],
          # Have been told that they are out, and have not read it yet.
          dropped: %{pid => member},
          slots: Slots.t()
        }

  @spec new(String.t(), pos_integer) :: t
  def new(room_id, max_lag), do: %__MODULE__{room_id: room_id, max_lag: max_lag}

  @spec size(t) :: non_neg_integer
  def size(roster), do: map_size(roster.members)

  @doc "Whether nobody is left for whom something is kept."
  @spec empty?(t) :: boolean
  def empty?(roster), do: map_size(roster.members) == 0 and map_size(roster.dropped) == 0

  @spec user_ids(t) :: [String.t()]
  def user_ids(roster),
    do: for({_pid, {_, _, _, _, user_id, _}} <- roster.members, user_id != nil, do: user_id)

  # The member is told by the process that will deliver to it, so that nothing comes before it.
  @spec add(t, Join.t(), non_neg_integer, [Message.t()] | :read_store) :: t
  def add(roster, join, seq, missed) do
    roster = forget(roster, join.connection)
    {slot, slots} = Slots.take(roster.slots, seq)

    send(
      join.connection,
      {:joined, roster.room_id, join.ref, self(), Slots.place(slots, slot), seq, missed}
    )

    # After the message, or the process would be scheduled for the monitor alone, and then for the message.
    monitor = Process.monitor(join.connection)

    %{
      roster
      | slots: slots,
        recipients: :changed,
        members:
          Map.put(
            roster.members,
            join.connection,
            {monitor, join.ref, seq, slot, join.user_id, join.kind}
          )
    }
  end

  @doc "Takes out a member that has left by itself, or that has read that it was dropped."
  @spec leave(t, pid, non_neg_integer) :: t
  def leave(roster, connection, ref) do
    case roster do
      %{members: %{^connection => {_, ^ref, _, _, _, _} = member}} ->
        members = Map.delete(roster.members, connection)
        remove(%{roster | members: members, recipients: :changed}, member)

      %{dropped: %{^connection => {_, ^ref, _, _, _, _} = member}} ->
        remove(%{roster | dropped: Map.delete(roster.dropped, connection)}, member)

      _other_join ->
        roster
    end
  end

  @doc "Takes out a process that is dead, or that joins anew."
  @spec forget(t, pid) :: t
  def forget(roster, connection) do
    case roster do
      %{members: %{^connection => {_, ref, _, _, _, _}}} -> leave(roster, connection, ref)
      %{dropped: %{^connection => {_, ref, _, _, _, _}}} -> leave(roster, connection, ref)
      _nobody -> roster
    end
  end

  @spec deliver(t, Broadcast.t()) :: t
  def deliver(roster, %{first: first, last: last} = broadcast) do
    roster = deliver(roster, roster.recipients, broadcast)

    if div(first - 1, @look_every) == div(last, @look_every),
      do: roster,
      else: drop_lagging(roster, last)
  end

  defp deliver(roster, :changed, broadcast) do
    :maps.foreach(
      fn connection, {_monitor, _ref, _joined_at, _slot, _user_id, kind} ->
        send(connection, Broadcast.for_encoder(broadcast, Encoding.encoder(kind)))
      end,
      roster.members
    )

    %{roster | recipients: :unchanged}
  end

  defp deliver(roster, :unchanged, broadcast),
    do: deliver(roster, recipients(roster.members), broadcast)

  defp deliver(roster, recipients, broadcast) do
    for {encoder, connections} <- recipients do
      event = Broadcast.for_encoder(broadcast, encoder)
      Enum.each(connections, &send(&1, event))
    end

    %{roster | recipients: recipients}
  end

  # In the order in which the processes were started, more or less: those that were started one after another lie beside each other in memory, and to
  # write to a hundred thousand in that order takes two thirds of the time.
  defp recipients(members) do
    members
    |> Enum.group_by(
      fn {_connection, {_, _, _, _, _, kind}} -> Encoding.encoder(kind) end,
      fn {connection, _member} -> connection end
    )
    |> Enum.map(fn {encoder, connections} -> {encoder, Enum.sort(connections)} end)
  end

  @doc "Sends an event that is not stored to the members that `told?` says, but not to those that are behind, which it returns."
  @spec notify(t, Broadcast.t(), non_neg_integer, (pid, Encoding.kind() -> boolean)) :: [pid]
  def notify(roster, broadcast, last_seq, told?) do
    :maps.fold(
      fn connection, {_monitor, _ref, joined_at, slot, _user_id, kind}, behind ->
        cond do
          not told?.(connection, kind) ->
            behind

          last_seq - max(Slots.read(roster.slots, slot), joined_at) > @look_every ->
            [connection | behind]

          true ->
            send(connection, Broadcast.for_encoder(broadcast, Encoding.encoder(kind)))
            behind
        end
      end,
      [],
      roster.members
    )
  end

  @doc "The users whom others see, with a mark for each of their connections."
  @spec users(t) :: %{String.t() => [String.t(), ...]}
  def users(roster) do
    for {_pid, {monitor, _, _, _, user_id, _}} <- roster.members,
        user_id != nil,
        reduce: %{} do
      users -> Map.update(users, user_id, [mark(monitor)], &[mark(monitor) | &1])
    end
  end

  # Unique, and at hand.
  defp mark(monitor), do: monitor |> :erlang.ref_to_list() |> List.to_string()

  defp drop_lagging(roster, seq) do
    lagging =
      :maps.filter(
        fn _connection, {_monitor, _ref, joined_at, slot, _user_id, _kind} ->
          # What a member had missed before it came is not in its mailbox.
          seq - max(Slots.read(roster.slots, slot), joined_at) > roster.max_lag
        end,
        roster.members
      )

    for {connection, {_monitor, ref, _joined_at, _slot, _user_id, _kind}} <- lagging,
        do: send(connection, {:dropped, roster.room_id, ref, self()})

    %{
      roster
      | members: Map.drop(roster.members, Map.keys(lagging)),
        recipients: if(lagging == %{}, do: roster.recipients, else: :changed),
        dropped: Map.merge(roster.dropped, lagging)
    }
  end

  # Not with `:flush`, which looks through all that waits where the other is dead: for thousands that leave at once, at their square. If it has told of
  # its death already, to forget it once more does nothing.
  defp remove(roster, {monitor, _ref, _joined_at, slot, _user_id, _kind}) do
    Process.demonitor(monitor)
    %{roster | slots: Slots.release(roster.slots, slot)}
  end
end
