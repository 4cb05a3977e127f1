defmodule Cantilever.Chat.UserConnection.Joining do
  @moduledoc false
  # How a connection gets into a room, back into it, and out of it. The functions take and give the state of the connection.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.State

  @first_delay_ms 16
  @longest_delay_ms 2_000
  @ensure_ms 50

  @doc "Asks the room, which answers with `{:joined, …}`."
  @spec ask(State.t(), String.t(), Membership.t()) :: State.t()
  def ask(state, room_id, membership) do
    config = Config.fetch!(state.chat)

    case Rooms.ensure(config, room_id, System.monotonic_time(:millisecond) + @ensure_ms) do
      {:ok, room} ->
        membership = watch(membership, room)

        Room.join(room, %Join{
          connection: self(),
          ref: membership.ref,
          user_id: if(membership.visible?, do: state.user_id),
          last_seq: membership.last_seq,
          kind: membership.kind
        })

        put(state, room_id, membership)

      {:error, %Error{reason: :too_many_rooms}} = refused when membership.new? ->
        answer_all(%{state | rooms: Map.delete(state.rooms, room_id)}, membership, refused)

      {:error, _being_restarted} ->
        later(state, room_id, membership)
    end
  end

  # By a new number, so that what is under way for the last join is not taken for this one's.
  @doc "Has the connection ask again, with `{:join_again, room_id, ref}`."
  @spec later(State.t(), String.t(), Membership.t()) :: State.t()
  def later(state, room_id, membership) do
    unwatch(membership)
    ref = state.joins
    longest = min(@longest_delay_ms, @first_delay_ms * 2 ** min(membership.attempts, 10))
    Process.send_after(self(), {:join_again, room_id, ref}, :rand.uniform(longest))
    put(%{state | joins: ref + 1}, room_id, Membership.quit(membership, ref))
  end

  @doc "Leaves the room, and has it out of the state."
  @spec leave(State.t(), String.t()) :: State.t()
  def leave(state, room_id) do
    case Map.pop(state.rooms, room_id) do
      {nil, _rooms} ->
        state

      {membership, rooms} ->
        _left = abandon(membership)
        left = Error.error(:unavailable, "the connection has left the room meanwhile")
        answer_all(%{state | rooms: rooms}, membership, left)
    end
  end

  # The number is kept first: once the room has read that the connection leaves, its place there is another's.
  @doc "Tells the room that the connection leaves, and keeps how far it has come."
  @spec abandon(Membership.t()) :: Membership.t()
  def abandon(membership) do
    membership = Membership.hold(membership)
    unwatch(membership)
    if membership.home, do: send(membership.home, {:leave, self(), membership.ref})
    membership
  end

  @doc "Watches the process that delivers, in the place of the one that was asked."
  @spec watch(Membership.t(), pid) :: Membership.t()
  def watch(%{home: home} = membership, home), do: membership

  def watch(membership, home) do
    unwatch(membership)
    %{membership | home: home, monitor: Process.monitor(home)}
  end

  @doc "Answers all who wait for the join."
  @spec answer_all(State.t(), Membership.t(), term) :: State.t()
  def answer_all(state, membership, answer),
    do:
      Enum.reduce(membership.waiting, state, fn {_tag, who}, state ->
        answer(state, who, answer)
      end)

  # A client that cannot be told is found out by the next thing that it is pushed.
  @spec answer(State.t(), State.waiting(), term) :: State.t()
  def answer(state, {:client, asked}, answer) do
    case state.transport.push(state.socket, "joined", {asked, answer}) do
      {:ok, socket} -> %{state | socket: socket}
      _told_or_gone -> state
    end
  end

  def answer(state, from, answer) do
    GenServer.reply(from, answer)
    state
  end

  @spec put(State.t(), String.t(), Membership.t()) :: State.t()
  def put(state, room_id, membership),
    do: %{state | rooms: Map.put(state.rooms, room_id, membership)}

  defp unwatch(%{monitor: nil}), do: true
  defp unwatch(%{monitor: monitor}), do: Process.demonitor(monitor, [:flush])
end
