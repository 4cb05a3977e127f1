defmodule Cantilever.Chat.Room.Shard do
  @moduledoc false
  # Delivers to a part of the members of a large room, so that the schedulers share the work and the room is free for the next call. It
  # lives and dies with its room.

  use GenServer, restart: :temporary

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Broadcast
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Roster

  # Many leave at once; the room hears of it once.
  @tell_after_ms 50

  # Where it writes the number of the last message that it has delivered is the room's to read.
  @spec start_link({pid, Roster.t(), :atomics.atomics_ref(), keyword}) :: GenServer.on_start()
  def start_link({room, roster, delivered, options}),
    do: GenServer.start_link(__MODULE__, {room, roster, delivered}, options)

  # The connection watches the shard from now on: one that is killed before it has read this cannot have it wait for ever.
  @spec add(pid, String.t(), Join.t(), non_neg_integer, [Message.t()] | :read_store) :: :ok
  def add(shard, room_id, join, seq, missed) do
    GenServer.cast(shard, {:add, join, seq, missed})
    send(join.connection, {:joining, room_id, join.ref, shard})
    :ok
  end

  @spec deliver(pid, Broadcast.t()) :: :ok
  def deliver(shard, broadcast), do: GenServer.cast(shard, {:deliver, broadcast})

  @spec notify(pid, Broadcast.t(), non_neg_integer) :: :ok
  def notify(shard, broadcast, last_seq),
    do: GenServer.cast(shard, {:notify, broadcast, last_seq})

  @impl GenServer
  def init({room, roster, delivered}) do
    # A room that stops does so with a reason that goes through links.
    Process.link(room)
    # As many may leave at once as it has members.
    Process.flag(:message_queue_data, :off_heap)
    {:ok, %{room: room, roster: roster, delivered: delivered, telling?: false}}
  end

  @impl GenServer
  def handle_cast({:add, join, seq, missed}, state),
    do: {:noreply, tell_later(%{state | roster: Roster.add(state.roster, join, seq, missed)})}

  def handle_cast({:notify, broadcast, last_seq}, state) do
    _behind = Roster.notify(state.roster, broadcast, last_seq, fn _connection, _kind -> true end)
    {:noreply, state}
  end

  def handle_cast({:deliver, broadcast}, state) do
    roster = Roster.deliver(state.roster, broadcast)
    :atomics.put(state.delivered, 1, broadcast.last)
    state = if Roster.size(roster) < Roster.size(state.roster), do: tell_later(state), else: state
    {:noreply, %{state | roster: roster}}
  end

  @impl GenServer
  def handle_call(:user_ids, _from, state), do: {:reply, Roster.user_ids(state.roster), state}

  @impl GenServer
  def handle_info({:leave, connection, ref}, state),
    do: {:noreply, tell_later(%{state | roster: Roster.leave(state.roster, connection, ref)})}

  def handle_info({:DOWN, _monitor, :process, connection, _reason}, state),
    do: {:noreply, tell_later(%{state | roster: Roster.forget(state.roster, connection)})}

  def handle_info(:tell, state) do
    send(state.room, {:shard_size, self(), Roster.size(state.roster)})
    {:noreply, %{state | telling?: false}}
  end

  @doc false
  def format_status(status) do
    status
    |> Map.replace(:message, :left_out)
    |> Map.update(:state, nil, &%{room: &1.room, members: Roster.size(&1.roster)})
  end

  defp tell_later(%{telling?: true} = state), do: state

  defp tell_later(state) do
    Process.send_after(self(), :tell, @tell_after_ms)
    %{state | telling?: true}
  end
end
