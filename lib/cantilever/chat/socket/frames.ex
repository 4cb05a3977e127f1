defmodule Cantilever.Chat.Socket.Frames do
  @moduledoc false
  # Gathers what is to be sent to the client of a socket, the last first: frames, and notes of what the socket itself is to make a frame of.
  # A message for a whole room is one binary for all of its members, with the header of its WebSocket frame.

  @behaviour Cantilever.Chat.Transport

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.JSON
  alias Cantilever.WebSocket

  @type out :: [entry]
  @type entry ::
          {:text | :binary, iodata}
          | {:frame, binary}
          | {:joined, asked :: term, answer :: term}
          | {:dropped, map}

  @impl Cantilever.Chat.Transport
  def push(out, "message", {:frame, _whole} = frame), do: {:ok, [frame | out]}
  def push(out, "joined", {asked, answer}), do: {:ok, [{:joined, asked, answer} | out]}
  def push(out, "dropped", dropped), do: {:ok, [{:dropped, dropped} | out]}

  def push(out, "gap", %{room_id: room_id, from: from, to: to}),
    do: {:ok, [Protocol.push({nil, nil}, topic(room_id), "gap", %{from: from, to: to}) | out]}

  def push(out, _event, {:frame, _whole} = frame), do: {:ok, [frame | out]}

  @impl Cantilever.Chat.Transport
  def encode("message", room_id, message),
    do: frame(topic(room_id), "message", message_json(message))

  def encode("presence_state", room_id, %{users: users}),
    do: frame(topic(room_id), "presence_state", JSON.encode!(metas(users)))

  def encode("presence_diff", room_id, %{joins: joins, leaves: leaves}) do
    diff = %{joins: metas(joins), leaves: metas(leaves)}
    frame(topic(room_id), "presence_diff", JSON.encode!(diff))
  end

  def encode(event, room_id, %{user_id: user_id, json: json}) do
    payload = [~s({"user_id":), JSON.encode!(user_id), ~s(,"payload":), json, ?}]
    frame(topic(room_id), event, payload)
  end

  @doc "A message as clients get it."
  @spec message_json(Message.t()) :: iodata
  def message_json(message) do
    [
      ~s({"seq":),
      Integer.to_string(message.seq),
      ~s(,"at_ms":),
      Integer.to_string(message.at_ms),
      ~s(,"user_id":),
      JSON.encode!(message.user_id),
      ~s(,"id":),
      JSON.encode!(message.id),
      ~s(,"payload":),
      message.json,
      ?}
    ]
  end

  @doc "The payload of a whole frame."
  @spec payload(binary) :: binary
  def payload(<<_opcode, 127, _size::64, payload::binary>>), do: payload
  def payload(<<_opcode, 126, _size::16, payload::binary>>), do: payload
  def payload(<<_opcode, _size, payload::binary>>), do: payload

  @spec topic(String.t()) :: String.t()
  def topic(room_id), do: "room:" <> room_id

  defp frame(topic, event, json) do
    text = Protocol.broadcast(topic, event, json)
    {:frame, IO.iodata_to_binary(WebSocket.frame(:text, text))}
  end

  defp metas(users),
    do: Map.new(users, fn {id, marks} -> {id, %{metas: Enum.map(marks, &%{phx_ref: &1})}} end)
end
