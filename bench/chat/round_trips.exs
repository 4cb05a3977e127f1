defmodule Cantilever.Bench.Chat.RoundTrips do
  @moduledoc """
  A room of a chat, and how long its messages take: from the call to the acknowledgement, and to another member.

      room = Cantilever.Bench.Chat.RoundTrips.open!(10)
      Cantilever.Bench.Chat.RoundTrips.measure(room, 5_000).p99_us
      Cantilever.Bench.Chat.RoundTrips.close(room)

  The store is SQLite in a temporary folder, so that every acknowledgement has been to the disk.
  """

  alias Cantilever.Bench
  alias Cantilever.Chat
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store

  @room "quiet"
  @every_us 10_000
  @timer_us 2_000
  # What comes later than this has been lost.
  @patience_ms 30_000

  @enforce_keys [:chat, :dir, :supervisor, :members]
  defstruct @enforce_keys

  @type t :: %__MODULE__{chat: atom, dir: Path.t(), supervisor: pid, members: [pid]}

  @typedoc """
  `p50_us` and `p99_us` are of what came last of a message, acknowledgement or arrival; the others of one of them alone.
  """
  @type figures :: %{
          p50_us: non_neg_integer,
          p99_us: non_neg_integer,
          acknowledged_p99_us: non_neg_integer,
          arrived_p99_us: non_neg_integer,
          messages: pos_integer
        }

  @doc "Starts a chat with one room of so many members, each with a process of its own."
  @spec open!(pos_integer) :: t
  def open!(count) do
    chat = Module.concat(__MODULE__, "Chat#{System.unique_integer([:positive])}")
    dir = Path.join(System.tmp_dir!(), "cantilever-quiet-#{System.pid()}-#{inspect(chat)}")
    File.mkdir_p!(dir)

    store = {Store.SQLite, path: Path.join(dir, "chat.db")}

    {:ok, supervisor} =
      Supervisor.start_link([{Chat, name: chat, store: store}], strategy: :one_for_one)

    sender = self()
    members = for number <- 1..count, do: spawn_link(fn -> member(chat, number, sender) end)
    for member <- members, do: receive(do: ({:joined, ^member} -> :ok))
    %__MODULE__{chat: chat, dir: dir, supervisor: supervisor, members: members}
  end

  @doc "Stops the chat, and removes its folder."
  @spec close(t) :: :ok
  def close(room) do
    for member <- room.members do
      Process.unlink(member)
      Process.exit(member, :kill)
    end

    :ok = Supervisor.stop(room.supervisor)
    File.rm_rf!(room.dir)
    :ok
  end

  @doc """
  Sends a message every 10 ms for the calling process, which has opened the room, and looks how long each takes.

  A message does not wait for the one before it: what is slow neither lowers the rate nor hides what comes after it.
  """
  @spec measure(t, pos_integer) :: figures
  def measure(room, duration_ms) do
    start_us = now_us() + @every_us
    ticks = 0..(div(duration_ms * 1_000, @every_us) - 1)
    sent = for tick <- ticks, do: post(room, start_us + tick * @every_us)
    acknowledged = for begun_us <- sent, do: seen(:acknowledged, begun_us)
    arrived = for begun_us <- sent, do: seen(:arrived, begun_us)
    both = Enum.zip_with(acknowledged, arrived, &max/2)

    %{
      p50_us: Bench.quantile(both, 0.5),
      p99_us: Bench.quantile(both, 0.99),
      acknowledged_p99_us: Bench.quantile(acknowledged, 0.99),
      arrived_p99_us: Bench.quantile(arrived, 0.99),
      messages: length(sent)
    }
  end

  # When it was begun is the message itself.
  defp post(room, tick_us) do
    wait_until(tick_us)
    begun_us = begun(tick_us, now_us())
    sender = self()

    spawn_link(fn ->
      {:ok, _seq} = Chat.broadcast(room.chat, @room, "sender", begun_us, timeout: @patience_ms)
      send(sender, {:acknowledged, begun_us, now_us()})
    end)

    begun_us
  end

  # A timer wakes its process up to so much late on an idle node too. What is later was kept from running.
  defp begun(tick_us, now_us) when now_us - tick_us <= @timer_us, do: now_us
  defp begun(tick_us, _now_us), do: tick_us

  defp seen(what, begun_us) do
    receive do
      {^what, ^begun_us, at_us} -> at_us - begun_us
    after
      @patience_ms -> raise "no message was #{what} within #{@patience_ms} ms"
    end
  end

  defp wait_until(tick_us) do
    case tick_us - now_us() do
      left_us when left_us > 0 ->
        receive after: (div(left_us + 999, 1_000) -> wait_until(tick_us))

      _due ->
        :ok
    end
  end

  defp member(chat, number, sender) do
    {:ok, _joined} = Chat.join(chat, @room, "member #{number}")
    send(sender, {:joined, self()})
    listen(number, sender)
  end

  defp listen(number, sender) do
    receive do
      {:cantilever_chat, "message", message} ->
        at_us = now_us()

        if number == 1,
          do: send(sender, {:arrived, Message.payload!(message), at_us})
    end

    listen(number, sender)
  end

  defp now_us, do: System.monotonic_time(:microsecond)
end
