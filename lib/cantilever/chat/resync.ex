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

  @doc "Says that the calling process is about to store messages."
  @spec storing(Config.t()) :: :ok
  def storing(config), do: GenServer.cast(config.resync, {:storing, self()})

  @impl GenServer
  def init(config), do: {:ok, %{config: config, storing: nil}, {:continue, :tell_rooms}}

  @impl GenServer
  def handle_continue(:tell_rooms, state) do
    # What the dead one has begun is over when this one's turn has come.
    case Store.settle(state.config.store) do
      :ok ->
        tell_rooms(state.config)

      {:error, _away} ->
        Process.send_after(self(), :tell_rooms, @again_ms)
        :ok
    end

    {:noreply, state}
  end

  @impl GenServer
  def handle_cast({:storing, pid}, %{storing: pid} = state), do: {:noreply, state}

  def handle_cast({:storing, pid}, state) do
    Process.monitor(pid)
    {:noreply, %{state | storing: pid}}
  end

  @impl GenServer
  def handle_info({:DOWN, _monitor, :process, _storing, _reason}, state),
    do: {:noreply, state, {:continue, :tell_rooms}}

  def handle_info(:tell_rooms, state), do: {:noreply, state, {:continue, :tell_rooms}}
  def handle_info(_late_answer, state), do: {:noreply, state}

  defp tell_rooms(config) do
    config
    |> Rooms.ids()
    |> Enum.each(fn room_id ->
      room = Rooms.whereis(config, room_id)
      if room, do: Room.resync(room)
    end)
  end
end
