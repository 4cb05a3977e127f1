defmodule Cantilever.Chat.OwnersTest do
  use Cantilever.ChatCase, async: true

  setup %{chat: chat} do
    {:ok, owners: Config.fetch!(chat).owners}
  end

  test "all connections of an owner close when it ends, and nobody else's", %{chat: chat} do
    [one, other] = for _ <- 1..2, do: owner()
    monitors = for connection <- connect(chat, one, 500), do: Process.monitor(connection)
    [kept] = connect(chat, other, 1)
    {:ok, _} = UserConnection.join(kept, "a")
    kill(one)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    assert {:ok, %{seq: 0}} = UserConnection.join(kept, "a")
    monitor = Process.monitor(kept)
    kill(other)
    assert_receive {:DOWN, ^monitor, :process, ^kept, :normal}
  end

  test "connections that take their time hold up no others, of their owner or of another", %{
    chat: chat
  } do
    [owner, another] = for _ <- 1..2, do: owner()
    connections = connect(chat, owner, 400)
    {stuck, others} = Enum.split(Enum.shuffle(connections), 200)
    Enum.each(stuck, &:sys.suspend/1)
    monitors = Enum.map(connect(chat, another, 1) ++ others, &Process.monitor/1)
    Enum.each([owner, another], &kill/1)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    monitors = Enum.map(stuck, &Process.monitor/1)
    Enum.each(stuck, &:sys.resume/1)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
  end

  test "who owns what is known again after a crash, also of owners that ended meanwhile", %{
    chat: chat,
    owners: owners
  } do
    for _round <- 1..20 do
      [before, meanwhile, later] = for _ <- 1..3, do: owner()
      monitors = for owner <- [before, meanwhile], do: monitor(chat, owner)
      kill_named(owners)
      kill(meanwhile)
      # It may not be there yet.
      monitors = [monitor(chat, later) | monitors]
      Enum.each([before, later], &kill/1)
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    end
  end

  @tag :capture_log
  test "who owns what is known again when the registry was lost, too", %{
    chat: chat,
    owners: owners
  } do
    for _round <- 1..5 do
      owner = owner()
      monitors = for connection <- connect(chat, owner, 20), do: Process.monitor(connection)
      kill_named(Config.fetch!(chat).user_registry)
      kill_named(owners)
      kill(owner)
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    end
  end

  @tag :capture_log
  test "who owns what is known again when a part of the registry was lost, too", %{
    chat: chat,
    owners: owners
  } do
    registry = Config.fetch!(chat).user_registry

    for _round <- 1..5 do
      owner = owner()
      monitors = for connection <- connect(chat, owner, 20), do: Process.monitor(connection)
      {_id, partition, _, _} = registry |> Supervisor.which_children() |> Enum.random()
      # It is away until it may be started again.
      :ok = :sys.suspend(registry)
      kill(partition)
      kill_named(owners)
      eventually(fn -> Process.whereis(owners) != nil end)
      _has_not_read_it = :sys.get_state(owners)
      :ok = :sys.resume(registry)
      kill(owner)
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    end
  end

  test "what is no owner is refused", %{chat: chat, owners: owners} do
    before = Process.whereis(owners)

    for wrong <- ["ann", :ann, make_ref(), hd(Port.list())] do
      assert_raise ArgumentError, ~r/the option :owner of connect is the pid of a process/, fn ->
        Chat.connect(chat, "ann", owner: wrong)
      end
    end

    send(before, :nothing_to_it)
    _still_there = :sys.get_state(before)
  end

  test "nothing is kept of connections that have ended, however they did", %{
    chat: chat,
    owners: owners
  } do
    owner = owner()
    %{table: table} = :sys.get_state(owners)

    for connection <- connect(chat, owner, 200), do: UserConnection.close(connection)
    _all_read = :sys.get_state(owners)
    assert :ets.info(table, :size) == 0
    assert Process.info(Process.whereis(owners), :monitors) == {:monitors, []}

    for owner_of <- [fn -> owner end, &owner/0] do
      for _ <- 1..100, _ <- 1..10 do
        [connection] = connect(chat, owner_of.(), 1)
        kill(connection)
      end

      _all_read = :sys.get_state(owners)
      assert :ets.info(table, :size) < 200
    end
  end

  defp kill_named(name) do
    eventually(fn -> Process.whereis(name) != nil end)
    kill(Process.whereis(name))
  end

  defp owner, do: spawn(fn -> receive do: (:never -> :ok) end)

  defp monitor(chat, owner) do
    [connection] = connect(chat, owner, 1)
    Process.monitor(connection)
  end

  defp connect(chat, owner, count) do
    for _ <- 1..count do
      user_id = "user #{System.unique_integer([:positive])}"
      {:ok, connection} = Chat.connect(chat, user_id, owner: owner)
      connection
    end
  end
end
