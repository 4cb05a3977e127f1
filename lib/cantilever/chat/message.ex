defmodule Cantilever.Chat.Message do
  @moduledoc """
  A message of a room as it was stored: who said what, when, and in which place.

      iex> message = %Cantilever.Chat.Message{room_id: "lobby", seq: 7, user_id: "ada", at_ms: 0, json: ~S({"text":"Hello"})}
      iex> Cantilever.Chat.Message.payload!(message)
      %{"text" => "Hello"}

  `seq` is the message's place in its room: 1 for the first, without gaps. `at_ms` is the time at which it was stored, in
  milliseconds since 1970 in UTC; clocks may be set back, so only `seq` orders messages. `id` is what the sender called it, if
  anything: a user who sends the same `id` to the same room again gets the first message. `json` is the payload, encoded once
  for everybody who gets it.
  """

  alias Cantilever.Chat.Entry
  alias Cantilever.JSON

  @enforce_keys [:room_id, :seq, :user_id, :at_ms, :json]
  defstruct [:room_id, :seq, :user_id, :at_ms, :id, :json]

  @typedoc "A stored message."
  @type t :: %__MODULE__{
          room_id: String.t(),
          seq: pos_integer,
          user_id: String.t(),
          at_ms: integer,
          id: String.t() | nil,
          json: String.t()
        }

  @doc """
  Gives an entry its place and its time.

      iex> entry = %Cantilever.Chat.Entry{room_id: "lobby", user_id: "ada", json: "{}"}
      iex> Cantilever.Chat.Message.new(entry, 7, 1_700_000_000_000).seq
      7
  """
  @spec new(Entry.t(), pos_integer, integer) :: t
  def new(%Entry{} = entry, seq, at_ms) do
    %__MODULE__{
      room_id: entry.room_id,
      seq: seq,
      user_id: entry.user_id,
      at_ms: at_ms,
      id: entry.id,
      json: entry.json
    }
  end

  @doc """
  Returns the payload, or raises a `Cantilever.JSON.DecodeError` where what is stored is no JSON.

      iex> Cantilever.Chat.Message.payload!(%Cantilever.Chat.Message{room_id: "r", seq: 1, user_id: "u", at_ms: 0, json: "[1]"})
      [1]
  """
  @spec payload!(t) :: JSON.value()
  def payload!(%__MODULE__{json: json}), do: JSON.decode!(json)
end
