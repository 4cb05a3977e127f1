defmodule Cantilever.Chat.Socket.Answers do
  @moduledoc false
  # What goes to the client of a socket. It gathers in the state, the last first, while something is handled, and is given to the server in order.

  alias Cantilever.Chat.Socket
  alias Cantilever.Chat.Socket.Channels
  alias Cantilever.Chat.Socket.Frames
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.Chat.Socket.Requests

  @doc "Answers a request."
  @spec reply(Socket.t(), Protocol.request(), Requests.answer()) :: Socket.t()
  def reply(state, request, answer),
    do: reply(state, Protocol.refs(request), request.topic, answer)

  @doc "The same, of which only the refs and the topic are left."
  @spec reply(Socket.t(), Protocol.refs(), String.t(), Requests.answer()) :: Socket.t()
  def reply(state, refs, topic, {:ok, response}),
    do: put(state, Protocol.reply(refs, topic, :ok, response))

  def reply(state, refs, topic, {:error, reason}),
    do: put(state, Protocol.refusal(refs, topic, reason))

  @doc "Tells the client that a channel is closed, which it knows by this join."
  @spec close(Socket.t(), String.t(), Channels.join_ref()) :: Socket.t()
  def close(state, room_id, join_ref) do
    refs = {join_ref, join_ref}
    put(state, Protocol.push(refs, Frames.topic(room_id), "phx_close", %{}))
  end

  @doc "Tells the client that a channel has failed, which makes it join again."
  @spec error(Socket.t(), String.t(), last_seq :: non_neg_integer | nil, map) :: Socket.t()
  def error(state, room_id, last_seq, payload) do
    {error, state} = channel_error(state, room_id, last_seq, payload)
    put(state, error)
  end

  defp channel_error(state, room_id, last_seq, payload) do
    join_ref = Channels.join_ref(state.channels, room_id)
    state = %{state | channels: Channels.error(state.channels, room_id, last_seq)}
    {Protocol.push({join_ref, join_ref}, Frames.topic(room_id), "phx_error", payload), state}
  end

  defp put(state, message) do
    connection = state.connection
    %{state | connection: %{connection | socket: [message | connection.socket]}}
  end

  @doc "Gives what has gathered to the server."
  @spec flush(Socket.t()) :: Socket.next()
  def flush(%{connection: %{socket: []}} = state), do: {:ok, state}

  def flush(%{connection: %{socket: [{:frame, frame}]} = connection} = state),
    do: {:push, whole(state, frame), %{state | connection: %{connection | socket: []}}}

  def flush(%{connection: connection} = state) do
    state = %{state | connection: %{connection | socket: []}}

    {messages, state} = connection.socket |> Enum.reverse() |> Enum.map_reduce(state, &message/2)

    {:push, messages, state}
  end

  defp message({:frame, frame}, state), do: {whole(state, frame), state}

  defp message({opcode, _data} = message, state) when opcode in [:text, :binary],
    do: {message, state}

  defp message({:joined, {refs, room_id}, {:ok, %{seq: seq}}}, state) do
    response = %{
      seq: seq,
      user_id: state.connection.user_id,
      reconnect_after_ms: 1 + by_chance(state.options.reconnect_within_ms)
    }

    {Protocol.reply(refs, Frames.topic(room_id), :ok, response), state}
  end

  defp message({:joined, {{join_ref, _ref} = refs, room_id}, {:error, error}}, state) do
    channels = Channels.close(state.channels, room_id, join_ref)
    refusal = Protocol.refusal(refs, Frames.topic(room_id), Protocol.reason(error))
    {refusal, %{state | channels: channels}}
  end

  defp message({:dropped, %{room_id: room_id, last_seq: last_seq}}, state),
    do: channel_error(state, room_id, last_seq, %{reason: :lagging, last_seq: last_seq})

  # `:rand` would make a state for each process and keep it.
  defp by_chance(range), do: :erlang.phash2(make_ref(), range)

  defp whole(%{frames?: true}, frame), do: {:frame, frame}
  defp whole(%{frames?: false}, frame), do: {:text, Frames.payload(frame)}
end
