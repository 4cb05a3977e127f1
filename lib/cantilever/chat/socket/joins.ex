defmodule Cantilever.Chat.Socket.Joins do
  @moduledoc false
  # How the client of a socket gets into a room, and out of it.

  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Socket
  alias Cantilever.Chat.Socket.Answers
  alias Cantilever.Chat.Socket.Channels
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.Chat.Socket.Requests
  alias Cantilever.Chat.UserConnection.Joining
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.State
  alias Cantilever.Rate

  @doc "Joins, once the client is known to be allowed to."
  @spec join(Socket.t(), String.t(), Protocol.request()) :: Socket.t()
  def join(state, room_id, request) do
    with :ok <- Arguments.room_id(room_id),
         {:ok, last_seq} <- last_seq(request.payload),
         {:ok, state} <- permit(state) do
      {sent, state} = take_place(state, room_id)
      # What was sent before, the client has got, whatever number it says.
      last_seq = if sent && last_seq, do: max(sent, last_seq), else: sent || last_seq
      channels = Channels.open(state.channels, room_id, request.join_ref)
      authorize(%{state | channels: channels}, request, last_seq)
    else
      {:error, refused} ->
        Answers.reply(state, request, {:error, Protocol.reason(refused)})
    end
  end

  # All rooms at once, after a connection was lost, and then not more than messages.
  defp permit(state) do
    options = Config.fetch!(state.options.chat).options
    burst = max(options.messages_burst, options.rooms_per_connection)
    now_ms = System.monotonic_time(:millisecond)

    case Rate.take(state.joins || Rate.new(burst, now_ms), options.messages_per_s, burst, now_ms) do
      {:ok, rate} ->
        {:ok, %{state | joins: rate}}

      {:wait, ms, _rate} ->
        {:error, {:rate_limited, "too many joins: the next one in #{ms} ms"}}
    end
  end

  # Out of the room where the client is in it by an earlier join; and how far that has come.
  defp take_place(state, room_id) do
    case {state.channels, state.connection.rooms} do
      {%{^room_id => {:errored, sent}}, _rooms} ->
        {sent, state}

      {_channels, %{^room_id => membership}} ->
        sent = Membership.last_seq(membership)
        {sent, %{state | connection: Joining.leave(state.connection, room_id)}}

      _new ->
        {nil, state}
    end
  end

  defp authorize(%{options: %{authorize: nil}} = state, request, last_seq),
    do: authorized(state, request, last_seq, :ok)

  defp authorize(state, request, last_seq) do
    case Requests.room_for_one_more(state.requests, state.options) do
      :ok -> ask(state, request, last_seq)
      overloaded -> authorized(state, request, last_seq, overloaded)
    end
  end

  defp ask(%{options: options} = state, request, last_seq) do
    %{topic: "room:" <> room_id, payload: payload} = request
    arguments = [state.connection.user_id, room_id, payload]
    asked = {:authorized, request, last_seq}

    requests =
      Requests.run(state.requests, asked, options.push_timeout_ms, fn ->
        case Options.call(options.authorize, arguments) do
          :ok -> :ok
          {:error, {reason, text}} = refused when is_atom(reason) and is_binary(text) -> refused
        end
      end)

    %{state | requests: requests}
  end

  @doc "Goes on with a join that was asked about, unless the client has left, or joined anew, meanwhile."
  @spec authorized(Socket.t(), Protocol.request(), non_neg_integer | nil, Requests.answer()) ::
          Socket.t()
  def authorized(state, %{topic: "room:" <> room_id} = request, last_seq, :ok) do
    if Channels.open?(state.channels, room_id, request.join_ref) do
      wanted = %{last_seq: last_seq, visible: true, presence: true}
      waiting = {:client, {Protocol.refs(request), room_id}}
      connection = State.join(state.connection, room_id, wanted, make_ref(), waiting)
      %{state | connection: connection}
    else
      state
    end
  end

  def authorized(state, %{topic: "room:" <> room_id} = request, _last_seq, refused) do
    channels = Channels.close(state.channels, room_id, request.join_ref)
    Answers.reply(%{state | channels: channels}, request, refused)
  end

  defp last_seq(%{"last_seq" => last_seq}) do
    with :ok <- Arguments.sequence(last_seq), do: {:ok, last_seq}
  end

  defp last_seq(_payload), do: {:ok, nil}

  @doc "Leaves, where that is still the newest join."
  @spec leave(Socket.t(), String.t(), Protocol.request()) :: Socket.t()
  def leave(state, room_id, %{join_ref: join_ref} = request) do
    state =
      if Channels.current?(state.channels, room_id, join_ref) do
        connection = Joining.leave(state.connection, room_id)
        %{state | connection: connection, channels: Channels.close(state.channels, room_id)}
      else
        state
      end

    state
    |> Answers.reply(request, {:ok, %{}})
    |> Answers.close(room_id, join_ref)
  end
end
