defmodule Cantilever.Chat.Room.RosterTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Broadcast
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Roster

  @crowd 5_000

  test "whom thousands leave at once does not look through all that waits for each of them" do
    pids = for _ <- 1..@crowd, do: spawn(fn -> receive do: (:leave -> :ok) end)

    roster =
      Enum.reduce(pids, Roster.new("a", 100), fn pid, roster ->
        Roster.add(roster, %Join{connection: pid, ref: 1, user_id: "u"}, 0, [])
      end)

    Enum.each(pids, &send(&1, :leave))
    eventually(fn -> Process.info(self(), :message_queue_len) == {:message_queue_len, @crowd} end)

    {:reductions, begun} = Process.info(self(), :reductions)

    roster =
      Enum.reduce(pids, roster, fn _pid, roster ->
        receive do: ({:DOWN, _monitor, :process, pid, _reason} -> Roster.forget(roster, pid))
      end)

    {:reductions, done} = Process.info(self(), :reductions)
    assert Roster.empty?(roster)
    assert done - begun < 500 * @crowd
  end

  test "who joins again and dies is forgotten once, and by each of its joins" do
    pid = spawn(fn -> receive do: (:leave -> :ok) end)

    roster =
      Enum.reduce(1..3, Roster.new("a", 100), fn ref, roster ->
        Roster.add(roster, %Join{connection: pid, ref: ref, user_id: "u"}, 0, [])
      end)

    assert Roster.size(roster) == 1
    send(pid, :leave)
    assert_receive {:DOWN, _monitor, :process, ^pid, _reason}
    assert roster |> Roster.forget(pid) |> Roster.forget(pid) |> Roster.empty?()
    # Of the joins before it nothing is watched any more.
    refute_received {:DOWN, _monitor, :process, ^pid, _reason}
  end

  defmodule Upcase do
    def encode("message", _room_id, message), do: String.upcase(message.json)
  end

  test "a message goes to those who are in at that time, as their kind has it" do
    pids = for _ <- 1..6, do: spawn(fn -> receive do: (:leave -> :ok) end)

    {_roster, _kinds, expected} =
      Enum.reduce(1..300, {Roster.new("a", 1_000), %{}, []}, fn seq, {roster, kinds, expected} ->
        {roster, kinds} = change(roster, kinds, Enum.random(pids), seq)
        message = %Message{room_id: "a", seq: seq, user_id: "u", at_ms: 0, json: "x#{seq}"}
        roster = Roster.deliver(roster, Broadcast.messages("a", [message], [nil, Upcase]))

        now =
          for {pid, kind} <- kinds, do: {pid, if(kind == :plain, do: message, else: "X#{seq}")}

        {roster, kinds, now ++ expected}
      end)

    for pid <- pids do
      {:messages, messages} = Process.info(pid, :messages)
      got = for {:messages, "a", [{_seq, message}]} <- messages, do: message
      assert got == for({^pid, message} <- Enum.reverse(expected), do: message)
      Process.exit(pid, :kill)
    end
  end

  defp change(roster, kinds, pid, seq) do
    case Enum.random([:join, :join, :leave, :forget, :nothing]) do
      :join ->
        kind = Enum.random([:plain, {Upcase, true}])
        join = %Join{connection: pid, ref: 1, user_id: "u", kind: kind}
        {Roster.add(roster, join, seq - 1, []), Map.put(kinds, pid, kind)}

      :leave ->
        {Roster.leave(roster, pid, 1), Map.delete(kinds, pid)}

      :forget ->
        {Roster.forget(roster, pid), Map.delete(kinds, pid)}

      :nothing ->
        {roster, kinds}
    end
  end
end
