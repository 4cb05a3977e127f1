defmodule Cantilever.Chat.Rooms do
  @moduledoc false
  # Finds rooms by their id, and starts those that are not there. The registry and the supervisors may be restarting: then
  # there is no room for that moment, and who waits looks again.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Room

  @look_again_ms 5
  # What rooms need to register again when the registry is back.
  @registering_ms 25

  @spec via(Config.t(), String.t()) :: {:via, Registry, {atom, String.t()}}
  def via(config, room_id), do: {:via, Registry, {config.room_registry, room_id}}

  @spec whereis(Config.t(), String.t()) :: pid | nil
  def whereis(config, room_id) do
    GenServer.whereis(via(config, room_id))
  rescue
    # The registry has no table: it is being restarted.
    ArgumentError -> nil
  end

  @spec register(Config.t(), String.t()) :: :ok | :known | {:taken, pid} | :unavailable
  def register(config, room_id) do
    room = self()

    case Registry.register(config.room_registry, room_id, nil) do
      {:ok, _partition} -> :ok
      {:error, {:already_registered, ^room}} -> :known
      {:error, {:already_registered, other}} -> {:taken, other}
    end
  rescue
    ArgumentError -> :unavailable
  end

  @spec unregister(Config.t(), String.t()) :: :ok
  def unregister(config, room_id) do
    Registry.unregister(config.room_registry, room_id)
  rescue
    ArgumentError -> :ok
  end

  @doc "Notes that a room has lost its place in the registry."
  @spec lost(Config.t()) :: :ok
  def lost(config), do: :atomics.put(config.registry_lost, 1, now())

  @doc "The room, which is started if need be. Waits for parts that are restarting until `deadline_ms`, a monotonic time."
  @spec ensure(Config.t(), String.t(), integer) :: {:ok, pid} | {:error, Error.t()}
  def ensure(config, room_id, deadline_ms) do
    with nil <- whereis(config, room_id),
         false <- lost?(config),
         :ok <- room_for_one_more(config),
         :look_again <- start(config, room_id) do
      look_again(config, room_id, deadline_ms)
    else
      true -> look_again(config, room_id, deadline_ms)
      {:ok, room} -> {:ok, room}
      {:error, error} -> {:error, error}
      room -> {:ok, room}
    end
  end

  @doc "The ids of the rooms that are running, in no order."
  @spec ids(Config.t()) :: [String.t()]
  def ids(config) do
    Registry.select(config.room_registry, [{{:"$1", :_, :_}, [], [:"$1"]}])
  rescue
    ArgumentError -> []
  end

  # A room that is not found may only have to register again. A second one would take its place, and its members would have to follow.
  defp lost?(config), do: now() - :atomics.get(config.registry_lost, 1) < @registering_ms

  defp room_for_one_more(config) do
    limit = config.options.max_rooms

    if Registry.count(config.room_registry) < limit,
      do: :ok,
      else:
        error(
          :too_many_rooms,
          "the chat #{inspect(config.name)} has as many rooms as max_rooms allows (#{limit})"
        )
  rescue
    # The registry, or a partition of it, is being restarted, and says so to the room.
    _gone in [ArgumentError, ArithmeticError] -> :ok
  end

  defp start(config, room_id) do
    supervisor = {:via, PartitionSupervisor, {config.room_supervisor, room_id}}

    case DynamicSupervisor.start_child(supervisor, {Room, {config.name, room_id}}) do
      {:ok, room} ->
        {:ok, room}

      _another_was_quicker ->
        :look_again
    end
  catch
    :exit, _the_supervisor_is_restarting -> :look_again
    :error, %ArgumentError{} -> :look_again
  end

  defp look_again(config, room_id, deadline_ms) do
    if now() < deadline_ms do
      receive after: (@look_again_ms -> ensure(config, room_id, deadline_ms))
    else
      error(
        :unavailable,
        "the chat #{inspect(config.name)} is not running, or is being restarted"
      )
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
