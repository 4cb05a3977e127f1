Code.require_file("../../support/processes.exs", __DIR__)

defmodule Cantilever.Bench.Chat.Client do
  @moduledoc """
  A client of a chat that comes back when its connection ends, with the numbers of the last messages that it has, and that looks whether each
  message is the next one.
  """

  alias Cantilever.Bench.Processes
  alias Cantilever.Chat

  @pause_ms 5
  @most_kept 5

  @typedoc "For each room the number of the last message, and a hash of all of them."
  @type seen :: %{String.t() => {non_neg_integer, non_neg_integer}}
  @type report :: %{
          seen: seen,
          wrong: non_neg_integer,
          examples: [term],
          connections: pos_integer
        }

  @doc """
  Starts a client that is in the rooms when this returns. While it is, `{user_id, connection}` is in the table. With `wander: ms` it leaves one
  of its rooms every so often, or comes back to one.
  """
  @spec start(atom, String.t(), [String.t()], :ets.table(), keyword) :: pid
  def start(chat, user_id, rooms, table, options \\ []) do
    starter = self()

    state = %{
      chat: chat,
      user_id: user_id,
      table: table,
      wander: options[:wander],
      seen: Map.new(rooms, &{&1, {0, 0}}),
      inside: MapSet.new(rooms),
      connection: nil,
      connections: 0,
      wrong: 0,
      examples: []
    }

    pid =
      spawn_link(fn ->
        state = connect(state)
        send(starter, {self(), :joined})
        wander_later(state)
        loop(state)
      end)

    receive do
      {^pid, :joined} -> pid
    end
  end

  @spec report(pid) :: report
  def report(client) do
    ref = make_ref()
    send(client, {:report, self(), ref})

    receive do
      {^ref, report} -> report
    end
  end

  @spec stop(pid) :: :ok
  def stop(client), do: Processes.kill(client)

  @doc "The hash of messages in order, as `t:seen/0` has it."
  @spec hash(non_neg_integer, {pos_integer, String.t(), String.t()}) :: non_neg_integer
  def hash(before, {_seq, _user_id, _json} = message), do: :erlang.phash2({before, message})

  defp loop(state) do
    receive do
      message -> message |> handle(state) |> loop()
    end
  end

  defp handle({:cantilever_chat, "message", %{room_id: room, seq: seq} = message}, state) do
    {last, hash} = state.seen[room]
    state = if seq == last + 1, do: state, else: wrong(state, {room, last, seq})
    put_in(state.seen[room], {seq, hash(hash, {seq, message.user_id, message.json})})
  end

  defp handle({:cantilever_chat, event, payload}, state), do: wrong(state, {event, payload})

  defp handle({:DOWN, _, :process, connection, reason}, %{connection: connection} = state) do
    state = if reason == :killed, do: state, else: wrong(state, {:connection, reason})
    connect(state)
  end

  defp handle(:wander, %{inside: inside} = state) do
    room = state.seen |> Map.keys() |> Enum.random()
    wander_later(state)

    if room in inside do
      Chat.leave(state.chat, room, state.user_id, connection: state.connection)
      %{state | inside: MapSet.delete(inside, room)}
    else
      join(%{state | inside: MapSet.put(inside, room)}, room)
    end
  end

  defp handle({:report, to, ref}, state) do
    send(to, {ref, Map.take(state, [:seen, :wrong, :examples, :connections])})
    state
  end

  # Answers that came too late.
  defp handle(_other, state), do: state

  defp connect(state) do
    :ets.delete(state.table, state.user_id)

    case Chat.connect(state.chat, state.user_id) do
      {:ok, connection} ->
        Process.monitor(connection)
        state = %{state | connection: connection, connections: state.connections + 1}
        state = Enum.reduce(state.inside, state, &join(&2, &1))
        :ets.insert(state.table, {state.user_id, connection})
        state

      {:error, %{reason: :unavailable}} ->
        pause()
        connect(state)
    end
  end

  defp join(state, room) do
    # What has come of the last time must be known before it is asked for the rest.
    state = drain(state)
    {last, _hash} = state.seen[room]
    options = [connection: state.connection, last_seq: last]

    case Chat.join(state.chat, room, state.user_id, options) do
      {:ok, _joined} ->
        state

      {:error, %{reason: :unavailable}} ->
        pause()
        # Of a dead one there will be a message.
        if Process.alive?(state.connection), do: join(state, room), else: state
    end
  end

  defp drain(state) do
    receive do
      {:cantilever_chat, _event, _payload} = event -> event |> handle(state) |> drain()
    after
      0 -> state
    end
  end

  defp wander_later(%{wander: nil}), do: :ok
  defp wander_later(%{wander: ms}), do: Process.send_after(self(), :wander, :rand.uniform(2 * ms))

  defp pause, do: receive(after: (@pause_ms -> :ok))

  defp wrong(state, what) do
    examples = Enum.take(state.examples ++ [{state.user_id, what}], @most_kept)
    %{state | wrong: state.wrong + 1, examples: examples}
  end
end
