defmodule Cantilever.Chat.Store.Memory.Writer do
  @moduledoc false
  # The process that alone writes to the tables of a store in memory. Readers look into the table of messages themselves; the other
  # two are this one's own: which sequence numbers a room has, and which message an id stands for.

  use GenServer

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store.Memory.Tables

  @schema [
    keep: [
      type: {:or, :all, {:integer, 1}},
      default: 1_000,
      doc: "how many messages of each room are kept, the newest"
    ]
  ]

  @enforce_keys [:messages, :rooms, :ids, :keep]
  defstruct [:messages, :rooms, :ids, :keep]

  @spec schema() :: Cantilever.Options.schema()
  def schema, do: @schema

  @spec start_link(name: atom, keep: pos_integer | :all) :: GenServer.on_start()
  def start_link(options),
    do: GenServer.start_link(__MODULE__, Map.new(options), name: options[:name])

  @impl GenServer
  def init(%{name: name, keep: keep}) do
    {:ok,
     name
     |> Tables.names()
     |> Map.from_struct()
     |> Map.put(:keep, keep)
     |> then(&struct!(__MODULE__, &1))}
  end

  @impl GenServer
  def handle_call({:append, entries}, _from, state) do
    at_ms = System.system_time(:millisecond)
    {:reply, Enum.map(entries, &append(&1, at_ms, state)), state}
  end

  def handle_call(:settle, _from, state), do: {:reply, :ok, state}

  defp append(entry, at_ms, state) do
    case known(entry, state) do
      nil -> {:ok, store(entry, at_ms, state)}
      message -> {:duplicate, message}
    end
  end

  defp known(%{id: nil}, _state), do: nil

  defp known(%{room_id: room_id, user_id: user_id, id: id}, state) do
    with [{_id, seq}] <- :ets.lookup(state.ids, {room_id, user_id, id}),
         [{_key, message}] <- :ets.lookup(state.messages, {room_id, seq}) do
      message
    else
      [] -> nil
    end
  end

  defp store(%{room_id: room_id} = entry, at_ms, state) do
    {first, last} = range(room_id, state)
    message = Message.new(entry, last + 1, at_ms)

    if message.id,
      do: :ets.insert(state.ids, {{room_id, message.user_id, message.id}, message.seq})

    :ets.insert(state.messages, {{room_id, message.seq}, message})
    :ets.insert(state.rooms, {room_id, trim(room_id, first, message.seq, state), message.seq})
    message
  end

  defp range(room_id, state) do
    case :ets.lookup(state.rooms, room_id) do
      [{_room_id, first, last}] -> {first, last}
      [] -> {1, 0}
    end
  end

  # One comes and one goes.
  defp trim(room_id, first, last, %{keep: keep} = state)
       when is_integer(keep) and last - first >= keep do
    [{_key, message}] = :ets.take(state.messages, {room_id, first})
    if message.id, do: :ets.delete(state.ids, {room_id, message.user_id, message.id})
    first + 1
  end

  defp trim(_room_id, first, _last, _state), do: first
end
