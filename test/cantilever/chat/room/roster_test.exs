defmodule Cantilever.Chat.Room.RosterTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

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
end
