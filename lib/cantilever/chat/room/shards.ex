defmodule Cantilever.Chat.Room.Shards do
  @moduledoc false
  # The shards of a large room, as the room sees them: how many members each has, and how far each has come with what it is to deliver.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Broadcast
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Roster
  alias Cantilever.Chat.Room.Shard

  @type t :: %{pid => {size :: non_neg_integer, delivered :: :atomics.atomics_ref()}}

  @spec new() :: t
  def new, do: %{}

  @doc "Starts another one, without members, for the calling room."
  @spec start(t, Config.t(), String.t(), non_neg_integer) :: {:ok, t} | {:error, term}
  def start(shards, config, room_id, last_seq) do
    options = [hibernate_after: config.options.hibernate_after_ms]
    roster = Roster.new(room_id, config.options.max_lag)
    delivered = :atomics.new(1, [])
    :atomics.put(delivered, 1, last_seq)
    child = {Shard, {self(), roster, delivered, options}}

    with {:ok, shard} <- DynamicSupervisor.start_child(config.shard_supervisor, child),
         do: {:ok, Map.put(shards, shard, {0, delivered})}
  catch
    :exit, reason -> {:error, reason}
  end

  @doc "Adds a member to one that has fewer than `full`."
  @spec add(t, pos_integer, String.t(), Join.t(), non_neg_integer, [Message.t()] | :read_store) ::
          {:ok, t} | :full
  def add(shards, full, room_id, join, seq, missed) do
    case Enum.find_value(shards, fn {shard, {size, _}} -> size < full && shard end) do
      nil ->
        :full

      shard ->
        Shard.add(shard, room_id, join, seq, missed)
        {:ok, change(shards, shard, &(&1 + 1))}
    end
  end

  @doc "Notes the size that a shard has told."
  @spec resize(t, pid, non_neg_integer) :: t
  def resize(shards, shard, size), do: change(shards, shard, fn _size -> size end)

  @spec deliver(t, Broadcast.t()) :: :ok
  def deliver(shards, broadcast), do: Enum.each(Map.keys(shards), &Shard.deliver(&1, broadcast))

  @spec notify(t, Broadcast.t(), non_neg_integer) :: :ok
  def notify(shards, broadcast, last_seq),
    do: Enum.each(Map.keys(shards), &Shard.notify(&1, broadcast, last_seq))

  # They deliver in their own time. What is stored faster than that would gather in their mailboxes.
  @doc "Whether one of them has more than `max_lag` messages to deliver."
  @spec lag?(t, non_neg_integer, pos_integer) :: boolean
  def lag?(shards, last_seq, max_lag) do
    Enum.any?(shards, fn {_shard, {_size, delivered}} ->
      last_seq - :atomics.get(delivered, 1) > max_lag
    end)
  end

  @doc "Whether none has a member."
  @spec empty?(t) :: boolean
  def empty?(shards), do: Enum.all?(shards, fn {_shard, {size, _delivered}} -> size == 0 end)

  defp change(shards, shard, change) do
    case shards do
      %{^shard => {size, delivered}} -> %{shards | shard => {change.(size), delivered}}
      _is_gone -> shards
    end
  end
end
