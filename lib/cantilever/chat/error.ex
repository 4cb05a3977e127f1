defmodule Cantilever.Chat.Error do
  @moduledoc """
  What a call of `Cantilever.Chat` could not do.

  | `reason` | what happened | what to do |
  |---|---|---|
  | `:invalid_room_id`, `:invalid_user_id`, `:invalid_message_id` | not a text of 1 to 255 bytes of UTF-8 | mend the call |
  | `:invalid_payload` | JSON has nothing for it | mend the payload: `message` says where |
  | `:payload_too_large` | more bytes of JSON than `max_payload_bytes` | send less, or a link to it |
  | `:invalid_event` | not a text of 1 to 255 bytes of UTF-8, or an event of the chat's own | mend the call |
  | `:invalid_limit`, `:invalid_sequence` | no integer in the range that `message` names | mend the call |
  | `:rate_limited` | the connection sent more than `messages_per_s` | wait |
  | `:not_a_member` | the connection is not in the room | join first |
  | `:too_many_rooms`, `:too_many_connections` | a limit of the chat is reached | leave or close others, or raise the limit |
  | `:overloaded` | the queue to the store is full; nothing was stored | try again later |
  | `:unavailable` | the chat, or its store, is starting or away; nothing was stored | try again later |
  | `:timeout` | the store did not take it in time, as it is away or busy; nothing was stored, and will not be | try again later |
  | `:refused` | the store refused the message; nothing was stored | see `message` |
  | `:unconfirmed` | a process died, or the timeout passed, before the answer came: the message may be stored, or not | send it again with the same `id:` |
  """

  @enforce_keys [:reason, :message]
  defexception [:reason, :message]

  @typedoc "See the module."
  @type reason ::
          :invalid_room_id
          | :invalid_user_id
          | :invalid_message_id
          | :invalid_payload
          | :invalid_event
          | :payload_too_large
          | :invalid_limit
          | :invalid_sequence
          | :rate_limited
          | :not_a_member
          | :too_many_rooms
          | :too_many_connections
          | :overloaded
          | :unavailable
          | :timeout
          | :refused
          | :unconfirmed

  @type t :: %__MODULE__{reason: reason, message: String.t()}

  @doc false
  @spec new(reason, String.t()) :: t
  def new(reason, message), do: %__MODULE__{reason: reason, message: message}

  @doc false
  @spec error(reason, String.t()) :: {:error, t}
  def error(reason, message), do: {:error, new(reason, message)}
end
