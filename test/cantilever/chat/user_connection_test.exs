defmodule Cantilever.Chat.UserConnectionTest do
  use Cantilever.ChatCase, async: true

  defmodule Failing do
    @behaviour Cantilever.Chat.Transport

    @impl Cantilever.Chat.Transport
    def push(_socket, _event, _payload), do: {:error, :closed}
  end

  describe "broadcast/4" do
    @tag chat: [messages_per_s: 1, messages_burst: 3]
    test "is limited", %{chat: chat} do
      client = client(chat, "ann", :ann)
      {:ok, _} = UserConnection.join(client, "a")
      for n <- 1..3, do: {:ok, ^n} = UserConnection.broadcast(client, "a", n)

      assert {:error, %Error{reason: :rate_limited, message: message}} =
               UserConnection.broadcast(client, "a", 4)

      assert message =~ ~r/the next one in \d+ ms/
      assert {:ok, 4} = Chat.broadcast(chat, "a", "ann", 4)
    end

    test "is for members", %{chat: chat} do
      client = client(chat, "ann", :ann)

      assert {:error, %Error{reason: :not_a_member}} = UserConnection.broadcast(client, "a", 1)
      assert {:error, %Error{reason: :invalid_room_id}} = UserConnection.broadcast(client, :a, 1)
    end
  end

  test "one that ends leaves the registry by itself, and not its partition with work for each", %{
    chat: chat
  } do
    registry = Config.fetch!(chat).user_registry
    clients = for n <- 1..50, do: client(chat, "user #{n}", n)
    partitions = for {_id, pid, _type, _modules} <- Supervisor.which_children(registry), do: pid
    Enum.each(partitions, &:sys.suspend/1)
    for client <- clients, do: :ok = UserConnection.close(client)
    assert Registry.count(registry) == 0

    for partition <- partitions,
        do: assert(Process.info(partition, :message_queue_len) == {:message_queue_len, 0})

    Enum.each(partitions, &:sys.resume/1)
  end

  test "a transport that fails ends the connection alone", %{chat: chat} do
    {:ok, failing} = Chat.connect(chat, "bob", transport: {Failing, nil})
    {:ok, _} = UserConnection.join(failing, "a")
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "a")
    monitor = Process.monitor(failing)
    {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
    assert_receive {:DOWN, ^monitor, :process, ^failing, {:shutdown, {:transport, :closed}}}
    assert_receive {:ann, "message", %{seq: 1}}
    eventually(fn -> Chat.members(chat, "a") == {:ok, ["ann"]} end)
    assert {:error, %Error{reason: :unavailable}} = UserConnection.join(failing, "b")
    assert :ok = UserConnection.close(failing)
  end

  test "a process that does not read its mailbox is not sent more for ever", %{chat: chat} do
    reader = spawn(fn -> receive do: (:end -> :ok) end)

    {:ok, connection} =
      Chat.connect(chat, "bob", transport: {Cantilever.Chat.Transport.Process, reader})

    {:ok, _} = UserConnection.join(connection, "a")
    monitor = Process.monitor(connection)
    for n <- 1..10_000, do: send(reader, n)
    for n <- 1..64, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
    assert_receive {:DOWN, ^monitor, _, _, {:shutdown, {:transport, :overloaded}}}
    Process.exit(reader, :kill)
  end

  @tag chat: [hibernate_after_ms: 10]
  test "hibernates when nothing comes", %{chat: chat} do
    client = client(chat, "ann", :ann)
    {:ok, _} = UserConnection.join(client, "a")

    for pid <- [client, room(chat, "a")] do
      eventually(fn -> Cantilever.Hibernation.hibernates?(pid) end)
    end
  end

  test "many may wait for one join, and one who gives up takes it from none of them", %{
    chat: chat
  } do
    client = client(chat, "ann", :ann)
    {:ok, _} = UserConnection.join(client, "a")
    room = room(chat, "a")
    :sys.suspend(room)
    kill_home(client, "a")
    :sys.suspend(client)

    early = Task.async(fn -> UserConnection.join(client, "a", timeout: 0) end)
    late = for _ <- 1..3, do: Task.async(fn -> UserConnection.join(client, "a") end)
    assert {:error, %Error{reason: :unavailable}} = Task.await(early)
    :sys.resume(client)
    for task <- late, do: assert({:ok, %{seq: 0}} = Task.await(task))
    assert {:ok, ["ann"]} = Chat.members(chat, "a")
  end

  test "a join that nobody waits for any more is not made", %{chat: chat} do
    client = client(chat, "ann", :ann)
    :sys.suspend(client)
    assert {:error, %Error{reason: :unavailable}} = UserConnection.join(client, "a", timeout: 0)
    :sys.resume(client)
    eventually(fn -> UserConnection.rooms(client) == [] end)
    eventually(fn -> Chat.members(chat, "a") == {:ok, []} end)
  end

  test "unknown options are named", %{chat: chat} do
    client = client(chat, "ann", :ann)

    assert_raise ArgumentError, ~r/unknown option :seq for join/, fn ->
      UserConnection.join(client, "a", seq: 1)
    end

    assert {:error, %Error{reason: :invalid_sequence}} =
             UserConnection.join(client, "a", last_seq: -1)

    assert_raise ArgumentError, ~r/:visible is true or false/, fn ->
      UserConnection.join(client, "a", visible: :yes)
    end
  end

  test "what nobody has asked for is left alone", %{chat: chat} do
    client = client(chat, "ann", :ann)
    {:ok, _} = UserConnection.join(client, "a")

    for junk <- [
          :junk,
          {:event, "b", "typing", %{}},
          {:replay, "a", 99},
          {:messages, "b",
           [{1, %Message{room_id: "b", seq: 1, user_id: "u", at_ms: 0, json: "1"}}]},
          {:joined, "b", 7, self(), nil, 1, []},
          {:dropped, "a", 99, self()},
          {:join_again, "a", 99},
          {:EXIT, self(), :normal}
        ],
        do: send(client, junk)

    {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
    assert_receive {:ann, "message", %{seq: 1}}
  end

  # As if the room had crashed just now.
  defp kill_home(client, room_id), do: kill(:sys.get_state(client).rooms[room_id].home)
end
