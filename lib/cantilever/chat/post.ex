defmodule Cantilever.Chat.Post do
  @moduledoc false
  # Sends a message on its way to the store, and learns what became of it. The sender watches the room, which passes the message
  # on, and the queue, which answers.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Room
  alias Cantilever.Chat.Rooms
  alias Cantilever.MessageQueue

  # How an answer to an alias is tagged, as GenServer.call/3 has it.
  @dialyzer {:no_improper_lists, begin: 4}

  @look_again_ms 5
  # The queue itself gives up in time. The sender waits a little longer, in case it cannot even do that.
  @grace_ms 500

  @enforce_keys [:entry, :ref, :queue_monitor, :sent_ms, :deadline_ms]
  defstruct @enforce_keys

  @typedoc """
  A message on its way. What its sender's process gets of it are `{[:alias | ref], answer}` and the `:DOWN` of `ref` and of
  `queue_monitor`.
  """
  @type t :: %__MODULE__{
          entry: Entry.t(),
          ref: reference,
          queue_monitor: reference,
          sent_ms: integer,
          deadline_ms: integer
        }

  @type answer :: {:ok, pos_integer} | {:error, Error.t()}

  @doc "Sends a message, and waits until it is stored."
  @spec post(Config.t(), Entry.t(), non_neg_integer) :: answer
  def post(config, entry, timeout_ms), do: attempt(config, entry, now() + timeout_ms)

  defp attempt(config, entry, deadline_ms) do
    with {:ok, post} <- __MODULE__.begin(config, entry, deadline_ms, deadline_ms) do
      case wait(post) do
        :again -> attempt(config, entry, deadline_ms)
        answer -> answer
      end
    end
  end

  defp wait(%{ref: ref, queue_monitor: queue_monitor} = post) do
    receive do
      {[:alias | ^ref], _answer} = message -> go_on(post, message)
      {:DOWN, ^ref, _, _, _} = message -> go_on(post, message)
      {:DOWN, ^queue_monitor, _, _, _} = message -> go_on(post, message)
    after
      wait_ms(post) -> give_up(post)
    end
  end

  defp go_on(post, message) do
    case handle(post, message) do
      :wait -> wait(post)
      {:done, answer} -> answer
      :again -> :again
    end
  end

  @doc "Sends a message to its room, which is waited for until `patience_ms`, a monotonic time."
  @spec begin(Config.t(), Entry.t(), integer, integer) :: {:ok, t} | {:error, Error.t()}
  def begin(config, entry, deadline_ms, patience_ms) do
    with {:ok, room} <- Rooms.ensure(config, entry.room_id, patience_ms),
         {:ok, queue} <- queue(config, patience_ms) do
      sent_ms = now()
      queue_monitor = Process.monitor(queue)
      ref = :erlang.monitor(:process, room, alias: :explicit_unalias)
      Room.post(room, entry, {self(), [:alias | ref]}, deadline_ms)

      {:ok,
       %__MODULE__{
         entry: entry,
         ref: ref,
         queue_monitor: queue_monitor,
         sent_ms: sent_ms,
         deadline_ms: deadline_ms
       }}
    end
  end

  @doc "What a message of its own means for it: that it is answered, or to be sent again."
  @spec handle(t, term) :: {:done, answer} | :again | :wait
  def handle(%{ref: ref} = post, {[:alias | ref], answer}), do: done(post, translate(answer))

  def handle(%{ref: ref} = post, {:DOWN, ref, _, _, reason}) do
    case fate(reason, post.sent_ms) do
      :not_taken -> again(post)
      :passed_on -> :wait
      :unknown -> again_or_unconfirmed(post)
    end
  end

  def handle(%{queue_monitor: monitor} = post, {:DOWN, monitor, _, _, _}),
    do: again_or_unconfirmed(post)

  @doc "How long to wait for an answer, from now on."
  @spec wait_ms(t) :: non_neg_integer
  def wait_ms(post), do: min(max(post.deadline_ms + @grace_ms - now(), 0), 0xFFFFFFFF)

  @doc "Waits no longer."
  @spec give_up(t) :: answer
  def give_up(post) do
    forget(post)
    unconfirmed(post.entry)
  end

  # With an id it is stored once, however often it is sent.
  defp again_or_unconfirmed(%{entry: %{id: nil}} = post), do: {:done, give_up(post)}
  defp again_or_unconfirmed(post), do: again(post)

  defp again(post) do
    forget(post)
    :again
  end

  defp done(post, answer) do
    forget(post)
    {:done, answer}
  end

  defp forget(%{ref: ref} = post) do
    Process.demonitor(post.queue_monitor, [:flush])
    Process.demonitor(ref, [:flush])
    _ = :erlang.unalias(ref)

    # An answer that came before the alias was gone.
    receive do
      {[:alias | ^ref], _answer} -> :ok
    after
      0 -> :ok
    end
  end

  # What the room that is gone has done with the message. One that stops as nobody uses it has looked at all that came before that.
  defp fate(:noproc, _sent_ms), do: :not_taken

  defp fate({:shutdown, {:idle_since, since_ms}}, sent_ms),
    do: if(since_ms < sent_ms, do: :not_taken, else: :passed_on)

  defp fate(_reason, _sent_ms), do: :unknown

  defp queue(config, patience_ms) do
    case GenServer.whereis(config.queue) do
      nil ->
        if now() < patience_ms do
          receive after: (@look_again_ms -> queue(config, patience_ms))
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

  defp translate({:ok, seq}), do: {:ok, seq}

  defp translate({:error, %MessageQueue.Error{reason: reason} = error}),
    do: error(reason(reason), Exception.message(error))

  defp reason(:stopped), do: :unavailable
  defp reason(:too_large), do: :payload_too_large
  # :overloaded, :timeout, :refused and :unconfirmed.
  defp reason(reason), do: reason

  defp now, do: System.monotonic_time(:millisecond)
end
