defmodule Cantilever.Chat.Resync do
  @moduledoc false
  # Has all rooms look into the store when a process has died that stores messages: it may have stored a batch, and not told the
  # rooms.

  use GenServer

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.Store

  @again_ms 20

  @spec start_link(atom) :: GenServer.on_start()
  def start_link(chat) do
    config = Config.fetch!(chat)
    GenServer.start_link(__MODULE__, config, name: config.resync)
  end

  @doc "Says that the calling process is about to store messages of these rooms."
  @spec storing(Config.t(), [String.t()]) :: :ok
  def storing(config, room_ids), do: GenServer.cast(config.resync, {:storing, self(), room_ids})

  @doc "Says that messages of these rooms may have been stored, and that the rooms were not told."
  @spec untold(Config.t(), [String.t()]) :: :ok
  def untold(config, room_ids), do: GenServer.cast(config.resync, {:untold, room_ids})

  @impl GenServer
  def init(config) do
    # What the one before it has not told, it cannot know.
    state = %{config: config, storing: nil, room_ids: [], untold: :all}
    {:ok, state, {:continue, :tell_rooms}}
  end

  @impl GenServer
  def handle_continue(:tell_rooms, state) do
    # What the dead one has begun is over when this one's turn has come.
    case Store.settle(state.config.store) do
      :ok ->
        tell_rooms(state.config, state.untold)
        {:noreply, %{state | untold: []}}

      {:error, _away} ->
        Process.send_after(self(), :tell_rooms, @again_ms)
        {:noreply, state}
    end
  end

  @impl GenServer
  def handle_cast({:untold, room_ids}, state) do
    {:noreply, %{state | untold: add(room_ids, state.untold)}, {:continue, :tell_rooms}}
  end

  def handle_cast({:storing, pid, room_ids}, %{storing: pid} = state),
    do: {:noreply, %{state | room_ids: room_ids}}

  def handle_cast({:storing, pid, room_ids}, state) do
    Process.monitor(pid)
    {:noreply, %{state | storing: pid, room_ids: room_ids}}
  end

  @impl GenServer
  # Only one stores at a time, and it has told all rooms of what it stored before.
  def handle_info({:DOWN, _monitor, :process, storing, _reason}, %{storing: storing} = state) do
    state = %{state | storing: nil, room_ids: [], untold: add(state.room_ids, state.untold)}
    {:noreply, state, {:continue, :tell_rooms}}
  end

  # Another one stores already: what it was about to store is not known any more.
  def handle_info({:DOWN, _monitor, :process, _storing, _reason}, state),
    do: {:noreply, %{state | untold: :all}, {:continue, :tell_rooms}}

  def handle_info(:tell_rooms, state), do: {:noreply, state, {:continue, :tell_rooms}}
  def handle_info(_late_answer, state), do: {:noreply, state}

  defp add(_room_ids, :all), do: :all
  defp add(room_ids, untold), do: Enum.uniq(room_ids ++ untold)

  defp tell_rooms(config, :all), do: tell_rooms(config, Rooms.ids(config))

  defp tell_rooms(config, room_ids) do
    Enum.each(room_ids, fn room_id ->
      room = Rooms.whereis(config, room_id)
      if room, do: Room.resync(room)
    end)
  end
end
