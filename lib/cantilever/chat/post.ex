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

  # How an answer to an alias is tagged, as GenServer.call/3 has it.
  @dialyzer {:no_improper_lists, send_and_wait: 4}

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
    ref = :erlang.monitor(:process, room, alias: :explicit_unalias)
    Room.post(room, entry, {self(), [:alias | ref]}, deadline_ms)
    answer = wait(entry, ref, queue_monitor, sent_ms, deadline_ms + @grace_ms)
    Process.demonitor(queue_monitor, [:flush])
    Process.demonitor(ref, [:flush])
    _ = :erlang.unalias(ref)
    # An answer that came before the alias was gone.
    receive do
      {[:alias | ^ref], _answer} -> :ok
    after
      0 -> :ok
    end

    answer || unconfirmed(entry)
  end

  defp wait(entry, ref, queue_monitor, sent_ms, until_ms) do
    receive do
      {[:alias | ^ref], {:ok, seq}} ->
        {:ok, seq}

      {[:alias | ^ref], {:error, reason}} ->
        {:error, translate(reason)}

      {:DOWN, ^ref, _, _, reason} ->
        case fate(reason, sent_ms) do
          :not_taken -> :again
          :passed_on -> wait(entry, ref, queue_monitor, sent_ms, until_ms)
          :unknown -> if entry.id, do: :again
        end

      {:DOWN, ^queue_monitor, _, _, _} ->
        if entry.id, do: :again
    after
      min(max(until_ms - System.monotonic_time(:millisecond), 0), 0xFFFFFFFF) -> nil
    end
  end

  # What the room that is gone has done with the message. One that stops as nobody uses it has looked at all that came before that.
  defp fate(:noproc, _sent_ms), do: :not_taken

  defp fate({:shutdown, {:idle_since, since_ms}}, sent_ms),
    do: if(since_ms < sent_ms, do: :not_taken, else: :passed_on)

  defp fate(_reason, _sent_ms), do: :unknown

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
