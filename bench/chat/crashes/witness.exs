defmodule Cantilever.Bench.Chat.Witness do
  @moduledoc """
  Watches the rooms of a chat, and keeps the reasons with which they have ended.
  """

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Rooms

  @look_again_ms 2

  @spec start(atom, [String.t()]) :: pid
  def start(chat, rooms) do
    config = Config.fetch!(chat)

    spawn_link(fn ->
      loop(config, Enum.reduce(rooms, %{}, &watch(config, &2, &1)), %{})
    end)
  end

  @doc "How often rooms have ended with which reason."
  @spec ends(pid) :: %{term => pos_integer}
  def ends(witness) do
    ref = make_ref()
    send(witness, {:ends, self(), ref})

    receive do
      {^ref, ends} -> ends
    end
  end

  defp loop(config, watched, ends) do
    receive do
      {:DOWN, monitor, _, _, reason} ->
        {room_id, watched} = Map.pop!(watched, monitor)
        ends = Map.update(ends, reason, 1, &(&1 + 1))
        loop(config, watch(config, watched, room_id), ends)

      {:watch, room_id} ->
        loop(config, watch(config, watched, room_id), ends)

      {:ends, to, ref} ->
        send(to, {ref, ends})
        loop(config, watched, ends)
    end
  end

  defp watch(config, watched, room_id) do
    case Rooms.whereis(config, room_id) do
      nil ->
        Process.send_after(self(), {:watch, room_id}, @look_again_ms)
        watched

      room ->
        Map.put(watched, Process.monitor(room), room_id)
    end
  end
end
