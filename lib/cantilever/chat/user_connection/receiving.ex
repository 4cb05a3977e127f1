defmodule Cantilever.Chat.UserConnection.Receiving do
  @moduledoc false
  # Pushes to the client what comes for one of its rooms: each message once, in order, and what is missing in between out of the store.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.UserConnection.Joining
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.Replay
  alias Cantilever.Chat.UserConnection.State

  @typedoc "How far the client has come; it may be told the rest when the store is back, or not at all."
  @type outcome ::
          {:ok, State.t()} | {:unavailable, State.t()} | {:error, reason :: term, State.t()}

  @spec messages(State.t(), String.t(), [Membership.numbered()]) :: outcome
  def messages(state, room_id, messages) do
    membership = Map.fetch!(state.rooms, room_id)

    membership
    |> Membership.steps(messages)
    |> Enum.reduce_while({:ok, state}, fn
      {:push, numbered}, {:ok, state} ->
        go_on(push_numbered(state, membership, numbered))

      {:missing, up_to}, {:ok, state} ->
        state = Joining.put(state, room_id, Membership.replay_to(membership, up_to))
        {:halt, replay(state, room_id)}
    end)
  end

  @doc """
  Pushes the next page of what the store has for a membership that is replaying, and asks for the page after it with
  `{:replay, room_id, ref}`.

  One at a time: what else has come to the process has its turn in between, and a client that reads slowly is waited for.
  """
  @spec replay(State.t(), String.t()) :: outcome
  def replay(state, room_id) do
    %{replaying_to: up_to} = membership = Map.fetch!(state.rooms, room_id)

    last = Membership.last_seq(membership)

    case Replay.page(Config.fetch!(state.chat), room_id, last, up_to) do
      {:ok, events} -> events |> push_events(state, membership) |> turn_page(room_id)
      {:error, _reason} -> {:unavailable, state}
    end
  end

  @spec push(State.t(), String.t(), term) :: {:ok, State.t()} | {:error, reason :: term}
  def push(state, event, payload) do
    case state.transport.push(state.socket, event, payload) do
      :ok -> {:ok, state}
      {:ok, socket} -> {:ok, %{state | socket: socket}}
      {:error, reason} -> {:error, reason}
    end
  end

  defp push_events(events, state, membership) do
    Enum.reduce_while(events, {:ok, state}, fn
      {:message, message}, {:ok, state} ->
        [numbered] = Encoding.messages(membership.kind, [message])
        go_on(push_numbered(state, membership, numbered))

      {:gap, room_id, from, to}, {:ok, state} ->
        state
        |> push("gap", %{room_id: room_id, from: from, to: to})
        |> come_to(to, state, membership)
        |> go_on()
    end)
  end

  defp turn_page({:ok, state}, room_id) do
    membership = Map.fetch!(state.rooms, room_id)

    if Membership.last_seq(membership) >= membership.replaying_to do
      {:ok, Joining.put(state, room_id, %{membership | replaying_to: nil})}
    else
      send(self(), {:replay, room_id, membership.ref})
      {:ok, state}
    end
  end

  defp turn_page(stopped, _room_id), do: stopped

  defp push_numbered(state, membership, {seq, message}),
    do: state |> push("message", message) |> come_to(seq, state, membership)

  # The number is in the shared memory of the room: the membership itself stays as it is.
  defp come_to({:ok, state}, seq, _before, membership) do
    _same = Membership.at(membership, seq)
    {:ok, state}
  end

  defp come_to({:error, reason}, _seq, state, _membership), do: {:error, reason, state}

  defp go_on({:ok, state}), do: {:cont, {:ok, state}}
  defp go_on(stop), do: {:halt, stop}
end
