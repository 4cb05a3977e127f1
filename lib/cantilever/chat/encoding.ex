defmodule Cantilever.Chat.Encoding do
  @moduledoc false
  # What a room makes of its messages and events for each kind of member, once for all of that kind.

  alias Cantilever.Chat.Message

  @typedoc "What encodes for a member, or nil for one that gets things as they are."
  @type encoder :: module | nil

  @typedoc "A member, and whether it is told who is there. Nearly all are plain, and there may be a million."
  @type kind :: :plain | {encoder, presence? :: boolean}

  @spec kind(transport :: module, presence? :: boolean) :: kind
  def kind(transport, presence?) do
    encodes? = Code.ensure_loaded?(transport) and function_exported?(transport, :encode, 3)

    case {encodes?, presence?} do
      {false, false} -> :plain
      {false, true} -> {nil, true}
      {true, presence?} -> {transport, presence?}
    end
  end

  @spec encoder(kind) :: encoder
  def encoder(:plain), do: nil
  def encoder({encoder, _presence?}), do: encoder

  @spec presence?(kind) :: boolean
  def presence?(:plain), do: false
  def presence?({_encoder, presence?}), do: presence?

  @doc "Messages with their numbers."
  @spec messages(kind | encoder, [Message.t()]) :: [{pos_integer, term}]
  def messages(kind, messages) when kind == :plain or is_tuple(kind),
    do: messages(encoder(kind), messages)

  def messages(nil, messages), do: Enum.map(messages, &{&1.seq, &1})

  def messages(encoder, messages),
    do: Enum.map(messages, &{&1.seq, encoder.encode("message", &1.room_id, &1)})

  @spec event(encoder, String.t(), String.t(), map) :: term
  def event(nil, _event, _room_id, payload), do: payload
  def event(encoder, event, room_id, payload), do: encoder.encode(event, room_id, payload)
end
