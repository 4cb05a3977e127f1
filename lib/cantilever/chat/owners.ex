defmodule Cantilever.Chat.Owners do
  @moduledoc false
  # Closes the connections whose owners have ended: some at a time, so that nobody else waits for a scheduler while a process ends that owned
  # thousands.
  #
  # It holds nothing that cannot be had again: the registry of users, too, knows who owns what. So it is told after that, and when it restarts it
  # reads that first.

  use GenServer

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Users

  @at_once 64
  # Those that do not close within this time, as their clients take none of what they are sent, hold up no others.
  @patience_ms 100
  # A connection that was killed does not say so. With each one that comes, so many are looked at in turn: there are never more dead than living ones.
  @looked_at 2

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
    # `{{owner, connection}}`, and `{{owner, 0}, monitor}` before the connections of each owner.
    table = :ets.new(:owners, [:ordered_set, :private])

    state = %{table: table, config: config, ended: :queue.new(), closing: %{}, looked_at: 0}
    {:ok, state, {:continue, :read_registry}}
  end

  @impl GenServer
  def handle_continue(:read_registry, state) do
    for {owner, connection} <- Users.owned(state.config), do: add(state.table, owner, connection)
    {:noreply, state}
  end

  @impl GenServer
  def handle_cast({:own, owner, connection}, state) do
    add(state.table, owner, connection)
    looked_at = look_for_dead(state.table, state.looked_at, @looked_at)
    {:noreply, %{state | looked_at: looked_at}}
  end

  def handle_cast({:disown, owner, connection}, state) do
    remove(state.table, owner, connection)
    {:noreply, state}
  end

  @impl GenServer
  def handle_info({:DOWN, monitor, :process, _connection, _reason}, state)
      when is_map_key(state.closing, monitor) do
    state = %{state | closing: Map.delete(state.closing, monitor)}
    if map_size(state.closing) > div(@at_once, 2), do: {:noreply, state}, else: close_some(state)
  end

  def handle_info({:DOWN, _monitor, :process, owner, _reason}, state) do
    case :ets.member(state.table, {owner, 0}) do
      true -> close_some(%{state | ended: :queue.in(owner, state.ended)})
      # A connection that has taken its time, or an owner that none is left of.
      false -> {:noreply, state}
    end
  end

  def handle_info({:patience, monitors}, state) do
    for monitor <- monitors, do: Process.demonitor(monitor)
    close_some(%{state | closing: Map.drop(state.closing, monitors)})
  end

  defp close_some(state) do
    case {:queue.peek(state.ended), @at_once - map_size(state.closing)} do
      {{:value, owner}, room} when room > 0 ->
        close_some(state, owner, connections(state.table, owner, room))

      _nobody_or_no_room ->
        {:noreply, state}
    end
  end

  defp close_some(state, owner, []) do
    forget(state.table, owner)
    close_some(%{state | ended: :queue.drop(state.ended)})
  end

  defp close_some(state, owner, connections) do
    monitors =
      for connection <- connections do
        :ets.delete(state.table, {owner, connection})
        monitor = Process.monitor(connection)
        send(connection, :close)
        monitor
      end

    Process.send_after(self(), {:patience, monitors}, @patience_ms)
    close_some(%{state | closing: Map.merge(state.closing, Map.from_keys(monitors, true))})
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
