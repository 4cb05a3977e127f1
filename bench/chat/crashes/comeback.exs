defmodule Cantilever.Bench.Chat.Comeback do
  @moduledoc """
  Measures how long the members of a room are out of it when it was killed.
  """

  alias Cantilever.Chat

  @look_every_ms 1
  @patience_ms 20_000

  @typedoc "Who is in the room, and by which connection."
  @type members :: %{String.t() => pid}

  @doc "Who is in the room now, of those in the table."
  @spec members(atom, String.t(), :ets.table()) :: members
  def members(chat, room_id, table) do
    case Chat.members(chat, room_id) do
      {:ok, users} ->
        for user <- users, {_user, pid} <- :ets.lookup(table, user), into: %{}, do: {user, pid}

      {:error, _error} ->
        %{}
    end
  end

  @doc "The ms until all of them are back, but for those whose own connection has died since; nil if they are not."
  @spec measure(atom, String.t(), pid, members) :: float | nil
  def measure(chat, room_id, killed, members) do
    begun = System.monotonic_time(:microsecond)
    wait(chat, Chat.Room.via(chat, room_id), room_id, killed, members, begun)
  end

  defp wait(chat, via, room_id, killed, members, begun) do
    spent = (System.monotonic_time(:microsecond) - begun) / 1_000

    cond do
      back?(chat, via, room_id, killed, members) ->
        spent

      spent > @patience_ms ->
        nil

      true ->
        receive after: (@look_every_ms -> :ok)
        wait(chat, via, room_id, killed, members, begun)
    end
  end

  defp back?(chat, via, room_id, killed, members) do
    with room when is_pid(room) and room != killed <- whereis(via),
         {:ok, users} <- Chat.members(chat, room_id) do
      inside = MapSet.new(users)
      Enum.all?(members, fn {user, pid} -> user in inside or not Process.alive?(pid) end)
    else
      _away -> false
    end
  end

  # Its table is not there while the registry restarts.
  defp whereis(via) do
    GenServer.whereis(via)
  rescue
    ArgumentError -> nil
  end
end
