defmodule Cantilever.Chat.UserConnection.Receiving do
  @moduledoc false
  # Pushes to the client what comes for one of its rooms: each message once, in order, and what is missing in between out of the store.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.UserConnection
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.Replay

  @typedoc "How far the client has come; it may be told the rest when the store is back, or not at all."
  @type outcome ::
          {:ok, Membership.t()} | {:unavailable, Membership.t()} | {:error, reason :: term}

  @spec messages(UserConnection.t(), String.t(), Membership.t(), [Message.t()]) :: outcome
  def messages(connection, room_id, membership, messages) do
    membership
    |> Membership.steps(messages)
    |> Enum.reduce_while({:ok, membership}, fn step, {:ok, membership} ->
      case step(connection, room_id, membership, step) do
        {:ok, membership} -> {:cont, {:ok, membership}}
        other -> {:halt, other}
      end
    end)
  end

  @doc "Pushes what the store has up to `up_to`."
  @spec replay(UserConnection.t(), String.t(), Membership.t(), non_neg_integer) :: outcome
  def replay(connection, room_id, membership, up_to) do
    config = Config.fetch!(connection.chat)

    Replay.each(config, room_id, Membership.last_seq(membership), up_to, membership, fn
      {:message, message}, membership ->
        step(connection, room_id, membership, {:push, message})

      {:gap, from, to}, membership ->
        with :ok <- push(connection, "gap", %{room_id: room_id, from: from, to: to}),
             do: {:ok, Membership.at(membership, to)}
    end)
  end

  @spec push(UserConnection.t(), String.t(), term) :: :ok | {:error, reason :: term}
  def push(connection, event, payload),
    do: connection.transport.push(connection.socket, event, payload)

  defp step(connection, _room_id, membership, {:push, message}) do
    with :ok <- push(connection, "message", message),
         do: {:ok, Membership.at(membership, message.seq)}
  end

  defp step(connection, room_id, membership, {:missing, _after_seq, up_to}),
    do: replay(connection, room_id, membership, up_to)
end
