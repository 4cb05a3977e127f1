defmodule Cantilever.ChatTest do
  use Cantilever.ChatCase, async: true

  doctest Cantilever.Chat

  test "the tree is the one that is drawn", %{chat: chat} do
    assert chat |> Supervisor.which_children() |> Enum.map(&elem(&1, 0)) |> Enum.sort() ==
             Enum.sort([
               Module.concat(chat, RoomRegistry),
               Module.concat(chat, UserRegistry),
               Cantilever.Chat.Store.Memory.Tables,
               Cantilever.Chat.Store.Memory.Writer,
               Module.concat(chat, MessageQueue),
               Module.concat(chat, ShardSupervisor),
               Module.concat(chat, RoomSupervisor),
               Cantilever.Chat.Resync,
               Cantilever.Chat.Owners,
               Module.concat(chat, ConnectionSupervisor)
             ])
  end

  test "many chats run beside each other", %{chat: chat} do
    other = Module.concat(chat, Other)
    start_supervised!({Chat, name: other})

    {:ok, _} = Chat.join(chat, "lobby", "ann")
    {:ok, _} = Chat.join(other, "lobby", "ann")
    assert {:ok, 1} = Chat.broadcast(other, "lobby", "ann", "there")
    assert_receive {:cantilever_chat, "message", %{json: ~S("there")}}
    assert {:ok, []} = Chat.history(chat, "lobby")
  end

  test "a chat that does not run is named" do
    assert_raise ArgumentError, ~r/there is no chat NoSuch.Chat/, fn ->
      Chat.join(NoSuch.Chat, "lobby", "ann")
    end
  end

  describe "start_link/1" do
    test "names unknown and wrong options" do
      assert_raise ArgumentError, ~r/unknown option :rooms/, fn ->
        Chat.start_link(name: X, rooms: 1)
      end

      assert_raise ArgumentError, ~r/:max_rooms of a chat is an integer of 1 or more/, fn ->
        Chat.start_link(name: X, max_rooms: 0)
      end

      assert_raise ArgumentError, ~r/:name of a chat is missing/, fn -> Chat.start_link([]) end

      assert_raise ArgumentError, ~r/unknown option :batch for a message queue/, fn ->
        Chat.start_link(name: X, queue: [batch: 1])
      end

      assert_raise ArgumentError, ~r/:commit, which is the chat's own/, fn ->
        Chat.start_link(name: X, queue: [commit: &{:ok, &1}])
      end

      assert_raise ArgumentError, ~r/a store is/, fn ->
        Chat.start_link(name: X, store: 1)
      end
    end
  end

  describe "join/4" do
    test "makes one connection for a user of the calling process", %{chat: chat} do
      assert {:ok, %{seq: 0}} = Chat.join(chat, "a", "ann")
      assert {:ok, %{seq: 0}} = Chat.join(chat, "b", "ann")
      assert {:ok, [connection]} = Chat.connections(chat, "ann")
      assert Enum.sort(UserConnection.rooms(connection)) == ["a", "b"]
    end

    test "is the same twice", %{chat: chat} do
      assert {:ok, %{seq: 0}} = Chat.join(chat, "a", "ann")
      assert {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
      assert_receive {:cantilever_chat, "message", %{seq: 1}}
      assert {:ok, %{seq: 1}} = Chat.join(chat, "a", "ann")
      assert {:ok, 2} = Chat.broadcast(chat, "a", "ann", 2)
      assert_receive {:cantilever_chat, "message", %{seq: 2}}
      refute_received {:cantilever_chat, "message", _}
    end

    test "gives what was missed before what comes", %{chat: chat} do
      for n <- 1..5, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      client = client(chat, "bob", :bob)
      assert {:ok, %{seq: 5}} = Chat.join(chat, "a", "bob", connection: client, last_seq: 2)
      {:ok, 6} = Chat.broadcast(chat, "a", "ann", 6)
      assert seqs(:bob, 4) == [3, 4, 5, 6]
    end

    @tag chat: [recent_messages: 2]
    test "reads what the room does not have at hand any more", %{chat: chat} do
      for n <- 1..500, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      client = client(chat, "bob", :bob)
      assert {:ok, %{seq: 500}} = Chat.join(chat, "a", "bob", connection: client, last_seq: 0)
      {:ok, 501} = Chat.broadcast(chat, "a", "ann", 501)
      assert seqs(:bob, 501) == Enum.to_list(1..501)
    end

    @tag chat: [store: {Cantilever.Chat.Store.Memory, keep: 3}, recent_messages: 2]
    test "tells of a gap where the history was trimmed", %{chat: chat} do
      for n <- 1..10, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      client = client(chat, "bob", :bob)
      {:ok, %{seq: 10}} = Chat.join(chat, "a", "bob", connection: client, last_seq: 4)
      assert_receive {:bob, "gap", %{room_id: "a", from: 5, to: 7}}
      assert seqs(:bob, 3) == [8, 9, 10]
    end

    @tag chat: [replay_limit: 2, recent_messages: 0]
    test "tells of a gap where too much was missed", %{chat: chat} do
      for n <- 1..10, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      client = client(chat, "bob", :bob)
      {:ok, %{seq: 10}} = Chat.join(chat, "a", "bob", connection: client, last_seq: 4)
      assert_receive {:bob, "gap", %{room_id: "a", from: 5, to: 8}}
      assert seqs(:bob, 2) == [9, 10]
    end

    test "takes a number that no message has yet for that of the last one", %{chat: chat} do
      {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
      client = client(chat, "bob", :bob)
      {:ok, %{seq: 1}} = Chat.join(chat, "a", "bob", connection: client, last_seq: 1_000)
      {:ok, 2} = Chat.broadcast(chat, "a", "ann", 2)
      assert seqs(:bob, 1) == [2]
    end

    @tag chat: [rooms_per_connection: 2]
    test "has a limit of rooms", %{chat: chat} do
      {:ok, _} = Chat.join(chat, "a", "ann")
      {:ok, _} = Chat.join(chat, "b", "ann")
      assert {:error, %Error{reason: :too_many_rooms}} = Chat.join(chat, "c", "ann")
      :ok = Chat.leave(chat, "a", "ann")
      assert {:ok, _} = Chat.join(chat, "c", "ann")
    end

    @tag chat: [max_rooms: 1]
    test "has a limit of rooms in all", %{chat: chat} do
      assert {:ok, _} = Chat.join(chat, "a", "ann")
      assert {:error, %Error{reason: :too_many_rooms}} = Chat.join(chat, "b", "ann")
      assert {:error, %Error{reason: :too_many_rooms}} = Chat.broadcast(chat, "b", "ann", 1)
      assert Chat.rooms(chat) == ["a"]
    end
  end

  describe "connect/3" do
    @tag chat: [connections_per_user: 2]
    test "has a limit for each user", %{chat: chat} do
      {:ok, first} = Chat.connect(chat, "ann")
      {:ok, _second} = Chat.connect(chat, "ann")
      assert {:error, %Error{reason: :too_many_connections}} = Chat.connect(chat, "ann")
      assert {:ok, _} = Chat.connect(chat, "bob")
      :ok = UserConnection.close(first)
      eventually(fn -> match?({:ok, _}, Chat.connect(chat, "ann")) end)
    end

    @tag chat: [connections_per_user: 5]
    test "has that limit also for those that come in the same moment", %{chat: chat} do
      for user_id <- ["ann", "bob", "eve"] do
        refused = connect_at_once(60, fn _n -> Chat.connect(chat, user_id, owner: nil) end)
        assert Enum.all?(refused, &match?(%Error{reason: :too_many_connections}, &1))
        assert {:ok, connections} = Chat.connections(chat, user_id)
        assert length(connections) == 60 - length(refused)
        assert length(connections) <= 5

        for _ <- length(connections)..4//1, do: assert({:ok, _} = Chat.connect(chat, user_id))
        assert {:error, %Error{reason: :too_many_connections}} = Chat.connect(chat, user_id)
      end
    end

    @tag chat: [max_connections: 5]
    test "has a limit in all, also for those that come in the same moment", %{chat: chat} do
      refused = connect_at_once(60, fn n -> Chat.connect(chat, "user #{n}", owner: nil) end)
      assert Enum.all?(refused, &match?(%Error{reason: :too_many_connections}, &1))
      assert length(refused) >= 55
    end

    test "the connection closes when its owner ends", %{chat: chat} do
      owner = spawn(fn -> receive do: (:end -> :ok) end)
      {:ok, connection} = Chat.connect(chat, "ann", owner: owner)
      {:ok, _} = Chat.join(chat, "a", "ann", connection: connection)
      assert {:ok, ["ann"]} = Chat.members(chat, "a")
      monitor = Process.monitor(connection)
      send(owner, :end)
      assert_receive {:DOWN, ^monitor, :process, ^connection, :normal}
      eventually(fn -> Chat.members(chat, "a") == {:ok, []} end)
    end
  end

  describe "leave/4" do
    test "no message comes after it", %{chat: chat} do
      {:ok, _} = Chat.join(chat, "a", "ann")
      assert :ok = Chat.leave(chat, "a", "ann")
      assert :ok = Chat.leave(chat, "a", "ann")
      {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
      {:ok, _} = Chat.join(chat, "a", "ann")
      {:ok, 2} = Chat.broadcast(chat, "a", "bob", 2)
      assert_receive {:cantilever_chat, "message", %{seq: 2}}
      refute_received {:cantilever_chat, "message", %{seq: 1}}
    end

    test "joins and leaves in a row end as the last one says", %{chat: chat} do
      client = client(chat, "ann", :ann)

      for _ <- 1..200 do
        {:ok, _} = UserConnection.join(client, "a")
        :ok = UserConnection.leave(client, "a")
      end

      {:ok, _} = UserConnection.join(client, "a")
      assert {:ok, ["ann"]} = Chat.members(chat, "a")
      {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
      assert_receive {:ann, "message", %{seq: 1}}
      refute_received {:ann, "message", _}
    end
  end

  describe "broadcast/5" do
    test "all get all, in one order", %{chat: chat} do
      for name <- 1..20,
          do: {:ok, _} = UserConnection.join(client(chat, "user #{name}", name), "a")

      1..20
      |> Enum.map(fn sender ->
        Task.async(fn ->
          for n <- 1..25, do: {:ok, _} = Chat.broadcast(chat, "a", "user #{sender}", [sender, n])
        end)
      end)
      |> Task.await_many()

      first = messages(1, 500)
      assert Enum.map(first, & &1.seq) == Enum.to_list(1..500)
      for name <- 2..20, do: assert(messages(name, 500) == first)

      # Those of one sender are in the order in which they were sent.
      for {_sender, payloads} <- Enum.group_by(first, & &1.user_id, &Message.payload!/1),
          do: assert(payloads == Enum.sort(payloads))
    end

    test "an id is stored once", %{chat: chat} do
      {:ok, _} = Chat.join(chat, "a", "bob")
      assert {:ok, 1} = Chat.broadcast(chat, "a", "ann", "x", id: "1")
      assert {:ok, 1} = Chat.broadcast(chat, "a", "ann", "x", id: "1")
      assert {:ok, 2} = Chat.broadcast(chat, "a", "bob", "x", id: "1")
      assert_receive {:cantilever_chat, "message", %{seq: 1}}
      assert_receive {:cantilever_chat, "message", %{seq: 2}}
      refute_received {:cantilever_chat, "message", _}
    end

    test "what is wrong is named, and not stored", %{chat: chat} do
      for room_id <- [nil, :lobby, 1, "", <<255>>, String.duplicate("x", 256), ["a"], %{}] do
        assert {:error, %Error{reason: :invalid_room_id, message: message}} =
                 Chat.broadcast(chat, room_id, "ann", 1)

        assert message =~ "1 to 255 bytes"
      end

      for user_id <- [nil, 1, "", <<255>>, {:a}],
          do:
            assert(
              {:error, %Error{reason: :invalid_user_id}} = Chat.broadcast(chat, "a", user_id, 1)
            )

      for id <- [1, "", <<255>>],
          do:
            assert(
              {:error, %Error{reason: :invalid_message_id}} =
                Chat.broadcast(chat, "a", "ann", 1, id: id)
            )

      for payload <- [{:a}, self(), <<255>>, %{"a" => [make_ref()]}, [1 | 2]] do
        assert {:error, %Error{reason: :invalid_payload}} =
                 Chat.broadcast(chat, "a", "ann", payload)
      end

      assert {:error, %Error{reason: :payload_too_large, message: message}} =
               Chat.broadcast(chat, "a", "ann", String.duplicate("x", 100_000_000))

      assert message =~ "100000002 bytes"
      assert {:ok, []} = Chat.history(chat, "a")
      assert Chat.rooms(chat) == []
    end

    test "unknown options are named", %{chat: chat} do
      assert_raise ArgumentError, ~r/unknown option :time for broadcast/, fn ->
        Chat.broadcast(chat, "a", "ann", 1, time: 1)
      end

      assert_raise ArgumentError, ~r/:timeout must be/, fn ->
        Chat.broadcast(chat, "a", "ann", 1, timeout: -1)
      end
    end
  end

  describe "notify/5" do
    test "reaches those who are there, and is not stored", %{chat: chat} do
      {:ok, _} = Chat.join(chat, "lobby", "ann")
      assert :ok = Chat.notify(chat, "lobby", "bob", "typing", %{on: true})
      assert_receive {:cantilever_chat, "typing", event}
      assert event == %{room_id: "lobby", user_id: "bob", json: ~S({"on":true})}
      assert {:ok, []} = Chat.history(chat, "lobby")
      assert :ok = Chat.notify(chat, "nobody is here", "bob", "typing", 1)
      assert Chat.rooms(chat) == ["lobby"]
    end

    @tag chat: [shard_members: 2]
    test "reaches the members of shards", %{chat: chat} do
      for n <- 1..7, do: {:ok, _} = UserConnection.join(client(chat, "u#{n}", n), "lobby")
      :ok = Chat.notify(chat, "lobby", "bob", "typing", 1)
      for n <- 1..7, do: assert_receive({^n, "typing", %{json: "1"}})
    end

    @tag chat: [events_per_s: 5]
    test "drops what is too much", %{chat: chat} do
      {:ok, _} = Chat.join(chat, "lobby", "ann")
      for n <- 1..1_000, do: :ok = Chat.notify(chat, "lobby", "bob", "typing", n)
      {:ok, 1} = Chat.broadcast(chat, "lobby", "bob", 1)
      assert_receive {:cantilever_chat, "message", _message}
      {:messages, messages} = Process.info(self(), :messages)
      assert length(messages) in 5..100
    end

    test "what is wrong is named", %{chat: chat} do
      for event <- ["message", "phx_close", "presence_diff", "", :typing, <<255>>] do
        assert {:error, %Error{reason: :invalid_event}} =
                 Chat.notify(chat, "lobby", "bob", event, 1)
      end

      assert {:error, %Error{reason: :invalid_payload}} =
               Chat.notify(chat, "lobby", "bob", "typing", self())
    end
  end

  test "who asks for it is told who is there", %{chat: chat} do
    {:ok, _} = UserConnection.join(client(chat, "ann", :ann), "lobby", presence: true)
    assert_receive {:ann, "presence_state", %{room_id: "lobby", users: %{"ann" => [_]}}}
    bob = client(chat, "bob", :bob)
    {:ok, _} = UserConnection.join(bob, "lobby")

    assert_receive {:ann, "presence_diff", %{joins: %{"bob" => [mark]}, leaves: left}}
    assert left == %{}
    kill(bob)
    assert_receive {:ann, "presence_diff", %{joins: joined, leaves: %{"bob" => [^mark]}}}
    assert joined == %{}
    refute_received {:bob, "presence_state", _state}
  end

  defmodule Counting do
    @behaviour Cantilever.Chat.Transport

    @impl Cantilever.Chat.Transport
    def encode(event, room_id, payload) do
      :counters.add(:persistent_term.get(__MODULE__), 1, 1)
      {event, room_id, payload}
    end

    @impl Cantilever.Chat.Transport
    defdelegate push(socket, event, payload), to: Cantilever.ChatCase.Named
  end

  @tag chat: [shard_members: 10]
  test "a transport encodes a message once, however many members and shards there are", %{
    chat: chat
  } do
    counter = :counters.new(1, [])
    :persistent_term.put(Counting, counter)
    test = self()

    for n <- 1..45 do
      {:ok, connection} = Chat.connect(chat, "u#{n}", transport: {Counting, {test, n}})
      {:ok, _} = UserConnection.join(connection, "lobby")
    end

    {:ok, _} = Chat.join(chat, "lobby", "ann")
    {:ok, 1} = Chat.broadcast(chat, "lobby", "ann", "hello")
    for n <- 1..45, do: assert_receive({^n, "message", {"message", "lobby", %{seq: 1}}})
    assert_receive {:cantilever_chat, "message", %{seq: 1}}
    assert :counters.get(counter, 1) == 1

    :ok = Chat.notify(chat, "lobby", "ann", "typing", 1)
    for n <- 1..45, do: assert_receive({^n, "typing", {"typing", "lobby", %{json: "1"}}})
    assert :counters.get(counter, 1) == 2
  end

  describe "history/3" do
    test "pages backwards", %{chat: chat} do
      for n <- 1..10, do: {:ok, ^n} = Chat.broadcast(chat, "a", "ann", n)
      assert {:ok, newest} = Chat.history(chat, "a", limit: 3)
      assert Enum.map(newest, & &1.seq) == [8, 9, 10]
      assert {:ok, older} = Chat.history(chat, "a", before: 8, limit: 3)
      assert Enum.map(older, & &1.seq) == [5, 6, 7]
      assert {:ok, []} = Chat.history(chat, "a", before: 1)
      assert {:ok, []} = Chat.history(chat, "nobody's")
    end

    test "wrong limits and numbers are named", %{chat: chat} do
      for limit <- [0, -1, 1_001, 1.0, "5", nil],
          do:
            assert(
              {:error, %Error{reason: :invalid_limit}} = Chat.history(chat, "a", limit: limit)
            )

      for before <- [-1, 2 ** 63, "5"],
          do:
            assert(
              {:error, %Error{reason: :invalid_sequence}} =
                Chat.history(chat, "a", before: before)
            )
    end
  end

  describe "subscribe/3" do
    test "the events come, and no member is seen", %{chat: chat} do
      assert {:ok, subscription} = Chat.subscribe(chat, "a")
      assert {:ok, []} = Chat.members(chat, "a")
      {:ok, 1} = Chat.broadcast(chat, "a", "ann", 1)
      assert_receive {:cantilever_chat, "message", %{seq: 1}}
      :ok = UserConnection.close(subscription)
    end
  end

  test "members are users, each once", %{chat: chat} do
    for name <- [:b, :a, :b],
        do: {:ok, _} = UserConnection.join(client(chat, "#{name}", name), "x")

    assert {:ok, ["a", "b"]} = Chat.members(chat, "x")
    assert {:ok, []} = Chat.members(chat, "y")
    assert Chat.rooms(chat) == ["x"]
  end

  defp seqs(name, count), do: name |> messages(count) |> Enum.map(& &1.seq)

  defp messages(name, count) do
    for _ <- 1..count do
      assert_receive {^name, "message", message}, 5_000
      message
    end
  end
end
