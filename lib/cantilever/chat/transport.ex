defmodule Cantilever.Chat.Transport do
  @moduledoc """
  How a connection reaches its client.

      defmodule MyApp.ConsoleTransport do
        @behaviour Cantilever.Chat.Transport

        @impl Cantilever.Chat.Transport
        def push(device, "message", message),
          do: IO.puts(device, [message.user_id, ": ", message.json])

        def push(device, event, payload),
          do: IO.puts(device, [event, " ", inspect(payload)])
      end

      Cantilever.Chat.connect(MyApp.Chat, "ann", transport: {MyApp.ConsoleTransport, :stdio})

  `push/3` runs in the process of the `Cantilever.Chat.UserConnection`. While it waits, messages gather in the mailbox of that
  connection alone; once there are more than the chat's `max_lag` of one room, the room drops the connection.

  ## Events

  | event | payload |
  |---|---|
  | `"message"` | a `Cantilever.Chat.Message`, in the order of its room's sequence, each once |
  | `"gap"` | `%{room_id: id, from: seq, to: seq}`: these messages are not in the store any more, or are more than `replay_limit`; the next ones follow |
  | `"dropped"` | `%{room_id: id, reason: :lagging, last_seq: seq}`: the connection was too slow for the room and is out of it; a join with that `last_seq` goes on where it stopped |
  | `"presence_state"` | `%{room_id: id, users: %{user_id => [mark]}}`, for those who joined with `presence: true`: who is in the room, with a mark for each connection |
  | `"presence_diff"` | `%{room_id: id, joins: %{user_id => [mark]}, leaves: %{user_id => [mark]}}`: what has changed since |
  | any other | `%{room_id: id, user_id: id, json: text}`, as `Cantilever.Chat.notify/5` has sent it |

  ## Encoding once for all

  A transport with `c:encode/3` gets what that has made in the place of the payload. A room calls it once for all members with this
  transport, not once for each.
  """

  @typedoc "What the implementation needs to reach the client."
  @type socket :: term

  @doc """
  Sends an event to the client, and returns the socket where it has become another one.

  After `{:error, reason}` the connection stops with `{:shutdown, {:transport, reason}}`, and so leaves its rooms.
  """
  @callback push(socket, event :: String.t(), payload :: term) ::
              :ok | {:ok, socket} | {:error, reason :: term}

  @doc """
  What `c:push/3` is to get in the place of the payload of a message, or of an event that goes to a whole room.

  It runs in the process of the room, for each message that is delivered, and in that of a connection for those that it has missed. What it returns is
  sent to all members: a binary of more than 64 bytes is not copied.
  """
  @callback encode(event :: String.t(), room_id :: String.t(), payload :: term) :: term

  @optional_callbacks encode: 3
end
