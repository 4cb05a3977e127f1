defmodule Cantilever.Chat.Post do
  @moduledoc false
  # Sends a message on its way to the store, and waits until it is there. The caller watches the room, which passes the message
  # on, and the queue, which answers.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Rooms
  alias Cantilever.MessageQueue

  @look_again_ms 5
  # The queue itself gives up in time. The sender waits a little longer, in case it cannot even do that.
  @grace_ms 500

  @spec post(Config.t(), Entry.t(), non_neg_integer) ::
          {:ok, pos_integer} | {:error, Error.t()}
  def post(config, entry, timeout_ms),
    do: attempt(config, entry, System.monotonic_time(:millisecond) + timeout_ms)

  defp attempt(config, entry, deadline_ms) do
    with {:ok, room} <- Rooms.ensure(config, entry.room_id, deadline_ms),
         {:ok, queue} <- queue(config, deadline_ms) do
      case send_and_wait(room, queue, entry, deadline_ms) do
        :again -> attempt(config, entry, deadline_ms)
        answer -> answer
      end
    end
  end

  defp send_and_wait(room, queue, entry, deadline_ms) do
    sent_ms = System.monotonic_time(:millisecond)
    queue_monitor = Process.monitor(queue)
    ref = :erlang.monitor(:process, room, alias: :reply_demonitor)
    left_ms = max(deadline_ms - sent_ms, 0)
    Room.post(room, entry, {self(), [:alias | ref]}, left_ms)

    answer =
      receive do
        {[:alias | ^ref], {:ok, seq}} -> {:ok, seq}
        {[:alias | ^ref], {:error, reason}} -> {:error, translate(reason)}
        {:DOWN, ^ref, _, _, reason} -> if again?(entry, reason, sent_ms), do: :again
        {:DOWN, ^queue_monitor, _, _, _} -> if entry.id, do: :again
      after
        left_ms + @grace_ms -> nil
      end

    Process.demonitor(queue_monitor, [:flush])
    Process.demonitor(ref, [:flush])
    # An answer that came before the alias was gone.
    receive do
      {[:alias | ^ref], _answer} -> :ok
    after
      0 -> :ok
    end

    answer || unconfirmed(entry)
  end

  # Whether the message was not taken, or would not be stored twice.
  defp again?(%{id: id}, _reason, _sent_ms) when id != nil, do: true
  defp again?(_entry, :noproc, _sent_ms), do: true
  defp again?(_entry, {:shutdown, {:idle_since, since_ms}}, sent_ms), do: since_ms < sent_ms
  defp again?(_entry, _reason, _sent_ms), do: false

  defp queue(config, deadline_ms) do
    case GenServer.whereis(config.queue) do
      nil ->
        if System.monotonic_time(:millisecond) < deadline_ms do
          receive after: (@look_again_ms -> queue(config, deadline_ms))
        else
          error(:unavailable, "the queue to the store is being restarted; nothing was stored")
        end

      queue ->
        {:ok, queue}
    end
  end

  defp unconfirmed(entry) do
    error(
      :unconfirmed,
      "no answer came for the message to the room #{inspect(entry.room_id)}, which may be stored or not: " <>
        "with an `id:`, sending it again does not store it twice"
    )
  end

  defp translate(%MessageQueue.Error{reason: :stopped} = error),
    do: Error.new(:unavailable, Exception.message(error))

  defp translate(%MessageQueue.Error{reason: :too_large} = error),
    do: Error.new(:payload_too_large, Exception.message(error))

  # :overloaded, :timeout, :refused and :unconfirmed.
  defp translate(%MessageQueue.Error{reason: reason} = error),
    do: Error.new(reason, Exception.message(error))
end
