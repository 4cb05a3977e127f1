defmodule Cantilever.Chat.RoomTest do
  use Cantilever.ChatCase, async: true

  test "rooms are started once, however many want them at the same time", %{chat: chat} do
    for round <- 1..20 do
      room_id = "room #{round}"

      1..50
      |> Enum.map(fn n -> Task.async(fn -> Chat.broadcast(chat, room_id, "user #{n}", n) end) end)
      |> Task.await_many()
      |> Enum.map(fn {:ok, seq} -> seq end)
      |> Enum.sort()
      |> then(&assert(&1 == Enum.to_list(1..50)))
    end
  end

  test "is found by its name", %{chat: chat} do
    assert {:via, Registry, _} = via = Room.via(chat, "a")
    assert GenServer.whereis(via) == nil
    {:ok, _} = Chat.join(chat, "a", "ann")
    assert GenServer.whereis(via) == room(chat, "a")
  end

  @tag chat: [room_idle_ms: 20]
  test "stops when nobody uses it, and goes on with its sequence", %{chat: chat} do
    {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1, id: "1")
    eventually(fn -> Chat.rooms(chat) == [] end)
    {:ok, 2} = Chat.broadcast(chat, "a", "ann", 2, id: "2")
  end

  @tag chat: [room_idle_ms: 10]
  test "loses nothing when it stops just as it is wanted", %{chat: chat} do
    for n <- 1..300 do
      # With an id: a sender that the system stops for longer than a room is idle cannot tell whether it has been heard.
      assert {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n, id: "#{n}")
      # As long as it takes the room to become idle, more or less.
      receive after: (rem(n * 7, 23) -> :ok)
    end
  end

  # The queue holds the message for longer than it takes the room to become idle.
  @tag chat: [room_idle_ms: 10, queue: [batch_window_ms: 100, batch_siblings: 0]]
  test "passes on what its senders then wait for without it", %{chat: chat} do
    sender = Task.async(fn -> Chat.broadcast(chat, "a", "ann", 1) end)
    eventually(fn -> room(chat, "a") != nil end)
    monitor = Process.monitor(room(chat, "a"))
    assert {:ok, 1} = Task.await(sender)
    assert_receive {:DOWN, ^monitor, _, _, {:shutdown, {:idle_since, _ms}}}
  end

  @tag chat: [room_idle_ms: 20]
  test "does not stop while it has a member", %{chat: chat} do
    {:ok, _} = Chat.join(chat, "a", "ann")
    monitor = Process.monitor(room(chat, "a"))
    refute_receive {:DOWN, ^monitor, _, _, _}, 200
  end

  test "comes back with its members and its sequence when it was killed", %{chat: chat} do
    for name <- 1..30, do: {:ok, _} = UserConnection.join(client(chat, "user #{name}", name), "a")

    for round <- 1..10 do
      {:ok, ^round} = Chat.broadcast(chat, "a", "ann", round, id: "#{round}")
      kill(room(chat, "a"))
    end

    for name <- 1..30, do: assert(seqs(name, 10) == Enum.to_list(1..10))

    eventually(fn ->
      match?({:ok, [_ | _] = all} when length(all) == 30, Chat.members(chat, "a"))
    end)

    refute_received {_name, "message", _message}
  end

  @tag chat: [shard_members: 3]
  test "a large room delivers by shards, of which one that crashes costs its own members", %{
    chat: chat
  } do
    clients = for name <- 1..10, do: client(chat, "user #{name}", name)
    for client <- clients, do: {:ok, _} = UserConnection.join(client, "a")

    assert [_, _, _] = shards(room(chat, "a"))
    {:ok, ["user 1" | _] = members} = Chat.members(chat, "a")
    assert length(members) == 10

    {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
    for name <- 1..10, do: assert(seqs(name, 1) == [1])

    room = room(chat, "a")
    kill(hd(shards(room)))

    eventually(fn -> match?({:ok, all} when length(all) == 10, Chat.members(chat, "a")) end)
    {:ok, 2} = Chat.broadcast(chat, "a", "ann", 2)
    for name <- 1..10, do: assert(seqs(name, 1) == [2])

    assert room(chat, "a") == room
    for client <- Enum.take(clients, 8), do: :ok = UserConnection.leave(client, "a")
    eventually(fn -> match?({:ok, [_, _]}, Chat.members(chat, "a")) end)
  end

  @tag chat: [shard_members: 1]
  test "a join that a shard was killed before it had read is made again", %{chat: chat} do
    [_stays, leaves] = clients = for name <- 1..2, do: client(chat, "user #{name}", name)
    for client <- clients, do: {:ok, _} = UserConnection.join(client, "a")
    [shard] = shards(room(chat, "a"))
    :ok = UserConnection.close(leaves)
    eventually(fn -> match?(%{^shard => {0, _}}, :sys.get_state(room(chat, "a")).shards) end)

    :sys.suspend(shard)
    late = client(chat, "late", :late)
    joining = Task.async(fn -> UserConnection.join(late, "a") end)
    eventually(fn -> Process.info(shard, :message_queue_len) == {:message_queue_len, 1} end)
    kill(shard)
    assert {:ok, %{seq: 0}} = Task.await(joining)
    {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
    for name <- [1, :late], do: assert(seqs(name, 1) == [1])
  end

  test "who is to admit an earlier join, or one that is done, changes nothing", %{chat: chat} do
    ann = client(chat, "ann", :ann)
    {:ok, _} = UserConnection.join(ann, "a")
    %{rooms: %{"a" => %{ref: ref}}} = :sys.get_state(ann)
    dead = spawn(fn -> :ok end)
    send(ann, {:joining, "a", ref - 1, dead})
    send(ann, {:joining, "a", ref, room(chat, "a")})
    send(ann, {:joining, "b", ref, dead})
    {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
    assert seqs(:ann, 1) == [1]
    kill(room(chat, "a"))
    {:ok, 2} = Chat.broadcast(chat, "a", "ann", 2)
    assert seqs(:ann, 1) == [2]
  end

  @tag chat: [shard_members: 2, room_idle_ms: 50]
  test "a large room stops with its shards when all have left", %{chat: chat} do
    clients = for name <- 1..6, do: client(chat, "user #{name}", name)
    for client <- clients, do: {:ok, _} = UserConnection.join(client, "a")
    pids = [room(chat, "a") | shards(room(chat, "a"))]
    monitors = Enum.map(pids, &Process.monitor/1)
    for client <- clients, do: :ok = UserConnection.close(client)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, _, _, {:shutdown, _}}, 5_000)
  end

  @tag chat: [max_lag: 64]
  test "a member that does not read is dropped and told so, and the others go on", %{chat: chat} do
    slow = client(chat, "slow", :slow)
    {:ok, _} = UserConnection.join(slow, "a")
    {:ok, _} = UserConnection.join(client(chat, "quick", :quick), "a")
    :sys.suspend(slow)

    for n <- 1..200 do
      {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      assert seqs(:quick, 1) == [n]
    end

    assert {:ok, ["quick"]} = Chat.members(chat, "a")
    {:message_queue_len, waiting} = Process.info(slow, :message_queue_len)
    assert waiting < 100

    :sys.resume(slow)
    assert_receive {:slow, "dropped", %{room_id: "a", reason: :lagging, last_seq: last}}
    assert seqs(:slow, last) == Enum.to_list(1..last)

    {:ok, %{seq: 200}} = UserConnection.join(slow, "a", last_seq: last)
    assert seqs(:slow, 200 - last) == Enum.to_list((last + 1)..200)
    {:ok, 201} = Chat.broadcast(chat, "a", "ann", 201)
    assert seqs(:slow, 1) == [201]
  end

  @tag chat: [max_lag: 64, recent_messages: 0]
  test "what a member missed before it came does not count as lag", %{chat: chat} do
    for n <- 1..400, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
    slow = client(chat, "slow", {:waiting, self()})

    join = Task.async(fn -> UserConnection.join(slow, "a", last_seq: 0) end)

    # Live messages come while it is still being told the old ones.
    for n <- 1..400 do
      assert_receive {{:waiting, _}, "message", %{seq: ^n}}, 5_000
      if n > 300 and rem(n, 4) == 0, do: {:ok, _} = Chat.broadcast(chat, "a", "ann", n)
    end

    assert {:ok, %{seq: 400}} = Task.await(join)
    for n <- 401..425, do: assert_receive({{:waiting, _}, "message", %{seq: ^n}}, 5_000)
    assert {:ok, ["slow"]} = Chat.members(chat, "a")
    refute_received {{:waiting, _}, "dropped", _}
  end

  @tag chat: [shard_members: 1, max_lag: 32]
  test "takes no more while a shard has too much to deliver", %{chat: chat} do
    for name <- 1..2, do: {:ok, _} = UserConnection.join(client(chat, "user #{name}", name), "a")
    [shard] = shards(room(chat, "a"))
    :sys.suspend(shard)
    for n <- 1..33, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
    assert seqs(1, 33) == Enum.to_list(1..33)
    assert {:error, %Error{reason: :overloaded}} = Chat.broadcast(chat, "a", "ann", 34)
    :sys.resume(shard)
    assert seqs(2, 33) == Enum.to_list(1..33)
    assert {:ok, 34} = Chat.broadcast(chat, "a", "ann", 34)
  end

  test "a room that finds another in its place gives way to it", %{chat: chat} do
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    first = room(chat, "a")
    config = Config.fetch!(chat)
    # As if the registry had lost it, and somebody had looked for it just then.
    test = self()

    :sys.replace_state(first, fn state ->
      Registry.unregister(config.room_registry, "a")
      send(test, :unregistered)
      state
    end)

    assert_receive :unregistered
    {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
    monitor = Process.monitor(first)
    send(first, {:register_again, :soon})
    assert_receive {:DOWN, ^monitor, :process, ^first, {:shutdown, :another_room}}
    assert seqs(:ann, 1) == [1]
    assert {:ok, ["ann"]} = Chat.members(chat, "a")
  end

  defp shards(room), do: Map.keys(:sys.get_state(room).shards)

  defp seqs(_name, 0), do: []

  defp seqs(name, count) do
    for _ <- 1..count do
      assert_receive {^name, "message", message}, 5_000
      message.seq
    end
  end
end
