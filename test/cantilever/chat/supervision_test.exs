defmodule Cantilever.Chat.SupervisionTest do
  use Cantilever.ChatCase, async: true

  # Crashes are what these tests are about, and the log is full of them.
  @moduletag :capture_log

  describe "a registry that is killed" do
    test "costs neither rooms nor connections", %{chat: chat} do
      config = Config.fetch!(chat)
      clients = for name <- 1..20, do: client(chat, "user #{name}", name)
      for client <- clients, do: {:ok, _} = UserConnection.join(client, "a")
      room = room(chat, "a")

      for registry <- [config.room_registry, config.user_registry] do
        {_id, partition, _, _} = registry |> Supervisor.which_children() |> hd()
        kill(partition)
      end

      eventually(fn -> room(chat, "a") == room end)

      eventually(fn ->
        Enum.all?(1..20, &match?({:ok, [_]}, Chat.connections(chat, "user #{&1}")))
      end)

      assert Enum.all?(clients, &Process.alive?/1)
      {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
      for name <- 1..20, do: assert_receive({^name, "message", %{seq: 1}}, 5_000)
    end

    test "has no second room started while the rooms register again", %{chat: chat} do
      config = Config.fetch!(chat)
      now = System.monotonic_time(:millisecond)
      :atomics.put(config.registry_lost, 1, now + 60_000)
      assert {:error, %Error{reason: :unavailable}} = Rooms.ensure(config, "a", now)
      assert Chat.rooms(chat) == []
      :atomics.put(config.registry_lost, 1, now - 60_000)
      assert {:ok, _room} = Rooms.ensure(config, "a", now)
    end

    # Each try to register with what is gone says once more that it is.
    test "is not asked again and again while it is away", %{chat: chat} do
      config = Config.fetch!(chat)

      for name <- 1..20,
          do: {:ok, _} = UserConnection.join(client(chat, "u", name), "room #{name}")

      {_id, partition, _, _} = config.room_registry |> Supervisor.which_children() |> hd()
      rooms = for name <- 1..20, do: room(chat, "room #{name}")
      for room <- rooms, do: :erlang.trace(room, true, [:receive])
      kill(partition)
      eventually(fn -> Enum.all?(1..20, &(room(chat, "room #{&1}") in rooms)) end)
      for room <- rooms, do: :erlang.trace(room, false, [:receive])
      {:messages, messages} = Process.info(self(), :messages)
      assert Enum.count(messages, &match?({:trace, _, :receive, {:EXIT, _, _}}, &1)) < 20 * 50
    end

    test "whole, with its supervisor, is the same", %{chat: chat} do
      config = Config.fetch!(chat)
      {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
      room = room(chat, "a")
      kill(Process.whereis(config.room_registry))
      eventually(fn -> room(chat, "a") == room end)
      {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
      assert_receive {:ann, "message", %{seq: 1}}, 5_000
    end
  end

  test "what is stored while the room cannot be found comes to the members all the same", %{
    chat: chat
  } do
    config = Config.fetch!(chat)
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    room = :sys.get_state(client_of(chat, "ann")).rooms["a"].home
    :sys.replace_state(room, &tap(&1, fn _ -> Registry.unregister(config.room_registry, "a") end))

    {:ok, [_stored]} =
      Cantilever.Chat.Store.append(config.store, [
        %Cantilever.Chat.Entry{room_id: "a", user_id: "bob", json: "1"}
      ])

    send(room, {:register_again, :soon})
    assert_receive {:ann, "message", %{seq: 1}}
  end

  test "what was stored by a process that died before it told the rooms comes all the same", %{
    chat: chat
  } do
    config = Config.fetch!(chat)
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    test = self()

    storing =
      spawn(fn ->
        Cantilever.Chat.Resync.storing(config, ["a"])
        entry = %Cantilever.Chat.Entry{room_id: "a", user_id: "bob", json: "1"}
        {:ok, [_stored]} = Cantilever.Chat.Store.append(config.store, [entry])
        send(test, :stored)
        receive do: (:never -> :ok)
      end)

    assert_receive :stored
    refute_received {:ann, "message", _}
    kill(storing)
    assert_receive {:ann, "message", %{seq: 1}}, 5_000
    kill(Process.whereis(config.queue))
    assert {:ok, 2} = Chat.broadcast(chat, "a", "bob", 2)
    assert_receive {:ann, "message", %{seq: 2}}, 5_000
  end

  test "what may have been stored is looked for", %{chat: chat} do
    config = Config.fetch!(chat)
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    entry = %Cantilever.Chat.Entry{room_id: "a", user_id: "bob", json: "1"}
    {:ok, [_stored]} = Cantilever.Chat.Store.append(config.store, [entry])
    Cantilever.Chat.Resync.untold(config, ["a"])
    assert_receive {:ann, "message", %{seq: 1}}, 5_000
  end

  test "a store in memory goes on with its numbers when what writes to it has crashed", %{
    chat: chat
  } do
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    for n <- 1..3, do: {:ok, ^n} = Chat.broadcast(chat, "a", "bob", n)

    {_id, writer, _, _} =
      List.keyfind(Supervisor.which_children(chat), Cantilever.Chat.Store.Memory.Writer, 0)

    kill(writer)
    assert {:ok, 4} = Chat.broadcast(chat, "a", "bob", 4)
    for n <- 1..4, do: assert_receive({:ann, "message", %{seq: ^n}}, 5_000)
  end

  test "the tree ends in the shape in which it started", %{chat: chat} do
    before = shape(chat)
    for {_id, pid, _, _} <- Supervisor.which_children(chat), do: kill(pid)

    eventually(fn ->
      Process.whereis(chat) != nil and shape(chat) == before
    end)

    assert {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
  end

  defp client_of(chat, user_id) do
    {:ok, [connection]} = Chat.connections(chat, user_id)
    connection
  end

  defp shape(chat) do
    for {id, pid, type, modules} <- Supervisor.which_children(chat) do
      children =
        if type == :supervisor and is_pid(pid),
          do:
            pid
            |> Supervisor.which_children()
            |> Enum.map(&{elem(&1, 0), elem(&1, 2)})
            |> Enum.sort()

      {id, is_pid(pid), type, modules, children}
    end
  end

  test "while a partition of a registry is away, nobody crashes", %{chat: chat} do
    config = Config.fetch!(chat)
    client = client(chat, "ann", :ann)

    for registry <- [config.user_registry, config.room_registry] do
      :ok = :sys.suspend(registry)
      [partition | _] = for {_id, pid, _, _} <- partitions(registry), do: pid
      kill(partition)

      for n <- 1..20 do
        answer = Chat.connect(chat, "user #{n}", owner: nil)
        assert match?({:ok, _}, answer) or match?({:error, %Error{reason: :unavailable}}, answer)
        answer = UserConnection.join(client, "room #{n}", timeout: 0)
        assert match?({:ok, _}, answer) or match?({:error, %Error{reason: :unavailable}}, answer)
      end

      :ok = :sys.resume(registry)
    end

    assert Process.alive?(client)
    eventually(fn -> match?({:ok, _}, UserConnection.join(client, "after", timeout: 100)) end)
    assert {:ok, _} = Chat.connect(chat, "bob", owner: nil)
  end

  # A supervisor that is suspended does not say what it has.
  defp partitions(registry) do
    {:links, links} = Process.info(GenServer.whereis(registry), :links)

    for pid <- links,
        {:registered_name, name} when is_atom(name) <- [Process.info(pid, :registered_name)],
        name |> Atom.to_string() |> String.contains?("PIDPartition"),
        do: {name, pid, :worker, []}
  end
end
