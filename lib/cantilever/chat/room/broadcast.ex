defmodule Cantilever.Chat.Room.Broadcast do
  @moduledoc false
  # What goes to all members of a room: one term for each encoder among them.

  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.Message

  @enforce_keys [:events]
  defstruct [:events, :first, :last]

  @typedoc "`first` and `last` are the numbers of the messages, where there are some."
  @type t :: %__MODULE__{
          events: %{Encoding.encoder() => term},
          first: pos_integer | nil,
          last: pos_integer | nil
        }

  @spec messages(String.t(), [Message.t(), ...], [Encoding.encoder()]) :: t
  def messages(room_id, messages, encoders) do
    %__MODULE__{
      events: Map.new(encoders, &{&1, {:messages, room_id, Encoding.messages(&1, messages)}}),
      first: hd(messages).seq,
      last: List.last(messages).seq
    }
  end

  @spec event(String.t(), String.t(), map, [Encoding.encoder()]) :: t
  def event(room_id, event, payload, encoders) do
    %__MODULE__{
      events:
        Map.new(
          encoders,
          &{&1, {:event, room_id, event, Encoding.event(&1, event, room_id, payload)}}
        )
    }
  end

  @doc "What a member of this encoder is sent."
  @spec for_encoder(t, Encoding.encoder()) :: term
  def for_encoder(%{events: events}, encoder), do: :erlang.map_get(encoder, events)
end
