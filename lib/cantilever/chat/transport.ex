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
  """

  @typedoc "What the implementation needs to reach the client."
  @type socket :: term

  @doc """
  Sends an event to the client.

  After `{:error, reason}` the connection stops with `{:shutdown, {:transport, reason}}`, and so leaves its rooms.
  """
  @callback push(socket, event :: String.t(), payload :: term) :: :ok | {:error, reason :: term}
end
