defmodule Cantilever.Bench.Chat.Victims do
  @moduledoc """
  The processes of a chat that may be killed, by what they are.
  """

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Rooms

  @typedoc "What is killed, and how often compared with others."
  @type kind :: atom

  @kinds [
    room: 12,
    connection: 12,
    shard: 2,
    room_registry: 1,
    room_registry_partition: 2,
    user_registry: 1,
    user_registry_partition: 2,
    queue: 2,
    committer: 2,
    database: 2,
    resync: 1,
    owners: 1
  ]

  @spec kinds() :: [kind]
  def kinds, do: Keyword.keys(@kinds)

  @doc "One by chance."
  @spec kind() :: kind
  def kind, do: Enum.random(for {kind, times} <- @kinds, _time <- 1..times, do: kind)

  @doc "A process of that kind, with what it is for; nil if there is none at the moment."
  @spec find(kind, atom, [String.t()], :ets.table()) :: {pid, term} | nil
  def find(kind, chat, rooms, connections) do
    config = Config.fetch!(chat)
    process(kind, config, rooms, connections)
  catch
    # Its supervisor is being restarted.
    :exit, _reason -> nil
  end

  defp process(:room, config, rooms, _connections) do
    room_id = Enum.random(rooms)
    found(Rooms.whereis(config, room_id), room_id)
  end

  defp process(:connection, _config, _rooms, connections) do
    case :ets.tab2list(connections) do
      [] -> nil
      all -> all |> Enum.random() |> then(fn {user_id, connection} -> {connection, user_id} end)
    end
  end

  defp process(:shard, config, _rooms, _connections), do: child(config.shard_supervisor)
  defp process(:room_registry, config, _, _), do: named(config.room_registry)
  defp process(:room_registry_partition, config, _, _), do: child(config.room_registry)
  defp process(:user_registry, config, _, _), do: named(config.user_registry)
  defp process(:user_registry_partition, config, _, _), do: child(config.user_registry)
  defp process(:queue, config, _, _), do: named(config.queue)
  defp process(:committer, config, _, _), do: found(:sys.get_state(config.queue).committer, nil)
  defp process(:resync, config, _, _), do: named(config.resync)
  defp process(:owners, config, _, _), do: named(config.owners)

  defp process(:database, %{store: {_module, store}}, _rooms, _connections),
    do: named(store.worker)

  defp named(name), do: found(GenServer.whereis(name), name)

  defp child(supervisor) do
    children = for {_, pid, _, _} <- Supervisor.which_children(supervisor), is_pid(pid), do: pid
    if children != [], do: {Enum.random(children), supervisor}
  end

  defp found(nil, _what), do: nil
  defp found(pid, what), do: {pid, what}
end
