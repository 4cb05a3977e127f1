defmodule Cantilever.Bench.Chat.Spree do
  @moduledoc """
  Kills processes of a chat at random for a while.
  """

  alias Cantilever.Bench.Chat.Comeback
  alias Cantilever.Bench.Chat.Crowd
  alias Cantilever.Bench.Chat.Victims

  # What a room and its members need to come back.
  @parts [:room_registry, :room_registry_partition, :database]

  @typedoc "How long members were out of a killed room, and whether something else that they need was killed meanwhile."
  @type comeback :: {ms :: float | nil, alone? :: boolean}

  @doc """
  Kills one by chance every `pause_ms` or so, by the random numbers of this process. Gives how many of each kind, and how long the members of
  each killed room took to come back.
  """
  @spec run(Crowd.t(), pos_integer, pos_integer) :: {%{Victims.kind() => pos_integer}, [comeback]}
  def run(crowd, duration_ms, pause_ms) do
    until = System.monotonic_time(:millisecond) + duration_ms
    run(crowd, until, pause_ms, %{killed: %{}, measuring: %{}, back: [], parts_at: -10_000})
  end

  defp run(crowd, until, pause_ms, state) do
    if System.monotonic_time(:millisecond) < until do
      state = strike(crowd, Victims.kind(), state)

      wait(crowd, System.monotonic_time(:millisecond) + :rand.uniform(2 * pause_ms), state)
      |> then(&run(crowd, until, pause_ms, &1))
    else
      state = finish(state)
      {state.killed, state.back}
    end
  end

  # One room at a time is killed once: what is measured is the time after one kill.
  defp strike(crowd, :room, state) do
    with {room, room_id} <- Victims.find(:room, crowd.chat, crowd.rooms, crowd.table),
         false <- room_id in Map.values(state.measuring) do
      members = Comeback.members(crowd.chat, room_id, crowd.table)
      spree = self()

      pid =
        spawn_link(fn ->
          Process.exit(room, :kill)

          send(
            spree,
            {self(), now(), Comeback.measure(crowd.chat, room_id, room, members), now()}
          )
        end)

      count(%{state | measuring: Map.put(state.measuring, pid, room_id)}, :room)
    else
      _none -> state
    end
  end

  defp strike(crowd, kind, state) do
    case Crowd.kill(crowd, kind) do
      {:ok, _pid, _what} ->
        count(if(kind in @parts, do: %{state | parts_at: now()}, else: state), kind)

      :nobody ->
        state
    end
  end

  defp count(state, kind), do: %{state | killed: Map.update(state.killed, kind, 1, &(&1 + 1))}

  defp wait(crowd, at, state) do
    receive do
      {pid, begun, ms, _ended} when is_map_key(state.measuring, pid) ->
        wait(crowd, at, back(state, pid, begun, ms))
    after
      max(at - now(), 0) -> state
    end
  end

  defp finish(%{measuring: measuring} = state) when map_size(measuring) == 0, do: state

  defp finish(state) do
    receive do
      {pid, begun, ms, _ended} when is_map_key(state.measuring, pid) ->
        state |> back(pid, begun, ms) |> finish()
    end
  end

  @settled_ms 200
  defp back(state, pid, begun, ms) do
    alone? = state.parts_at < begun - @settled_ms
    %{state | measuring: Map.delete(state.measuring, pid), back: [{ms, alone?} | state.back]}
  end

  defp now, do: System.monotonic_time(:millisecond)
end
