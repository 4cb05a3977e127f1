defmodule Cantilever.Chat.Delivery do
  @moduledoc false
  # The commit function of a chat's queue: stores a batch, and tells the rooms what has been stored.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Resync
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.Store

  @spec commit([Entry.t()], atom) ::
          {:ok, [{:ok, pos_integer} | {:error, term}]}
          | {:error, term}
          | {:unknown, term}
  def commit(entries, chat) do
    config = Config.fetch!(chat)
    room_ids = entries |> Enum.map(& &1.room_id) |> Enum.uniq()
    Resync.storing(config, room_ids)

    case Store.append(config.store, entries) do
      {:ok, results} ->
        :ok = tell_rooms(config, for({:ok, message} <- results, do: message))
        {:ok, Enum.map(results, &receipt/1)}

      {:unknown, reason} ->
        Resync.untold(config, room_ids)
        {:unknown, reason}

      {:error, reason} ->
        {:error, reason}
    end
  end

  # A room that cannot be found now reads the store when it can be.
  defp tell_rooms(config, messages) do
    messages
    |> Enum.group_by(& &1.room_id)
    |> Enum.each(fn {room_id, messages} ->
      room = Rooms.whereis(config, room_id)
      if room, do: Room.committed(room, messages)
    end)
  end

  defp receipt({:ok, message}), do: {:ok, message.seq}
  defp receipt({:duplicate, message}), do: {:ok, message.seq}
  defp receipt({:error, reason}), do: {:error, reason}
end
