defmodule Cantilever.Chat.Transport.Process do
  @moduledoc """
  Sends the events of a connection to a process, as `{:cantilever_chat, event, payload}`.

      Cantilever.Chat.connect(MyApp.Chat, "ann", transport: {Cantilever.Chat.Transport.Process, self()})

      receive do
        {:cantilever_chat, "message", message} -> Cantilever.Chat.Message.payload!(message)
      end

  It is what connections have by default, with the calling process: for LiveViews, bots and tests.

  A process that has more than 10,000 messages in its mailbox is not sent more: the connection stops with
  `{:shutdown, {:transport, :overloaded}}`.
  """

  @behaviour Cantilever.Chat.Transport

  @max_queue 10_000

  @impl Cantilever.Chat.Transport
  def push(pid, event, payload) when is_pid(pid) do
    if overloaded?(pid, payload) do
      {:error, :overloaded}
    else
      send(pid, {:cantilever_chat, event, payload})
      :ok
    end
  end

  # To ask for the length of a mailbox costs as much as many messages.
  defp overloaded?(pid, %{seq: seq}) when rem(seq, 64) == 0 and node(pid) == node() do
    case Process.info(pid, :message_queue_len) do
      {:message_queue_len, length} -> length > @max_queue
      nil -> false
    end
  end

  defp overloaded?(_pid, _payload), do: false
end
