defmodule Cantilever.Chat.Owners do
  @moduledoc false
  # Closes the connections whose owners have ended: some at a time, so that nobody else waits for a scheduler while a process ends that owned
  # thousands.
  #
  # It holds nothing that cannot be had again: the registry of users, too, knows who owns what. So it is told after that, and when it restarts it
  # reads that.

  use GenServer

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Users

  @at_once 64
  # Of an owner, before those of others have their turn.
  @of_an_owner 8
  # Those that have not closed within this time, as their clients take none of what they are sent, hold up others no more.
  @patience_ms 100
  @read_again_ms 20
  # A connection that was killed does not say so. With each one that comes, more are looked at in turn than have come: each is, again and again.
  @looked_at 4

  @spec start_link(atom) :: GenServer.on_start()
  def start_link(chat) do
    config = Config.fetch!(chat)
    GenServer.start_link(__MODULE__, config, name: config.owners)
  end

  @doc "Has the calling process, a connection that is in the registry, closed when its owner ends."
  @spec own(Config.t(), owner :: pid | nil) :: :ok
  def own(_config, nil), do: :ok
  def own(config, owner), do: GenServer.cast(config.owners, {:own, owner, self()})

  @doc "Says that the calling process ends by itself."
  @spec disown(Config.t(), owner :: pid | nil) :: :ok
  def disown(_config, nil), do: :ok
  def disown(config, owner), do: GenServer.cast(config.owners, {:disown, owner, self()})

  @impl GenServer
  def init(config) do
    # Thousands may end at once.
    Process.flag(:message_queue_data, :off_heap)

    state = %{
      config: config,
      # `{{owner, connection}}`, and `{{owner, 0}, monitor}` before the connections of each owner.
      table: :ets.new(:owners, [:ordered_set, :private]),
      looked_at: 0,
      # The owners that have ended, of which each has its turn, and the monitors of connections that close.
      ended: :queue.new(),
      closing: MapSet.new(),
      timer: nil
    }

    {:ok, state, {:continue, :read_registry}}
  end

  @impl GenServer
  def handle_continue(:read_registry, state) do
    case Users.owned(state.config) do
      {:ok, owned} ->
        for {owner, connection} <- owned, do: add(state.table, owner, connection)
        # There may have been a million of them.
        {:noreply, state, :hibernate}

      :unavailable ->
        Process.send_after(self(), :read_registry, @read_again_ms)
        {:noreply, state}
    end
  end

  @impl GenServer
  def handle_cast({:own, owner, connection}, state) do
    add(state.table, owner, connection)
    {:noreply, %{state | looked_at: look_for_dead(state.table, state.looked_at, @looked_at)}}
  end

  def handle_cast({:disown, owner, connection}, state) do
    remove(state.table, owner, connection)
    {:noreply, state}
  end

  @impl GenServer
  def handle_info({:DOWN, monitor, :process, pid, _reason}, state) do
    cond do
      monitor in state.closing ->
        {:noreply, close_more(%{state | closing: MapSet.delete(state.closing, monitor)})}

      :ets.member(state.table, {pid, 0}) ->
        {:noreply, close_some(%{state | ended: :queue.in(pid, state.ended)})}

      # A connection that has taken its time, or an owner that none is left of.
      true ->
        {:noreply, state}
    end
  end

  def handle_info(:go_on, state) do
    Enum.each(state.closing, &Process.demonitor/1)
    {:noreply, close_some(%{state | closing: MapSet.new(), timer: nil})}
  end

  def handle_info(:read_registry, state), do: {:noreply, state, {:continue, :read_registry}}
  def handle_info(_other, state), do: {:noreply, state}

  defp close_more(state) do
    if MapSet.size(state.closing) > div(@at_once, 2), do: state, else: close_some(state)
  end

  defp close_some(state) do
    room = min(@at_once - MapSet.size(state.closing), @of_an_owner)

    case :queue.out(state.ended) do
      {{:value, owner}, others} when room > 0 ->
        close_some(state, owner, others, connections(state.table, owner, room))

      _nobody_or_no_room ->
        state
    end
  end

  defp close_some(state, owner, others, []) do
    forget(state.table, owner)
    close_some(%{state | ended: others})
  end

  defp close_some(state, owner, others, connections) do
    closing =
      for connection <- connections, into: state.closing do
        :ets.delete(state.table, {owner, connection})
        monitor = Process.monitor(connection)
        send(connection, :close)
        monitor
      end

    timer = state.timer || Process.send_after(self(), :go_on, @patience_ms)
    close_some(%{state | ended: :queue.in(owner, others), closing: closing, timer: timer})
  end

  defp connections(table, owner, limit) do
    case :ets.select(table, [{{{owner, :"$1"}}, [], [:"$1"]}], limit) do
      {connections, _more} -> connections
      :"$end_of_table" -> []
    end
  end

  defp add(table, owner, connection) do
    unless :ets.member(table, {owner, 0}),
      do: :ets.insert(table, {{owner, 0}, Process.monitor(owner)})

    :ets.insert(table, {{owner, connection}})
  end

  defp remove(table, owner, connection) do
    :ets.delete(table, {owner, connection})
    unless match?({^owner, _another}, :ets.next(table, {owner, 0})), do: forget(table, owner)
  end

  defp forget(table, owner) do
    for {_key, monitor} <- :ets.take(table, {owner, 0}), do: Process.demonitor(monitor)
    :ok
  end

  defp look_for_dead(_table, key, 0), do: key

  defp look_for_dead(table, key, count) do
    case :ets.next(table, key) do
      :"$end_of_table" ->
        0

      {owner, connection} = next ->
        if is_pid(connection) and not Process.alive?(connection),
          do: remove(table, owner, connection)

        look_for_dead(table, next, count - 1)
    end
  end
end
