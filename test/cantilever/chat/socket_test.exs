defmodule Cantilever.Chat.SocketTest do
  use Cantilever.ChatCase, async: true

  alias Cantilever.Chat.Socket
  alias Cantilever.Chat.Token
  alias Cantilever.JSON
  alias Cantilever.SocketHost

  @secret String.duplicate("s", 32)

  describe "connect/1" do
    test "takes a token that is good, and nothing else", %{chat: chat} do
      assert {:ok, _host} = connect(chat, "ada")

      for {params, reason} <- [
            {%{}, :invalid},
            {%{"token" => "forged.token"}, :invalid},
            {%{"token" => Token.sign(String.duplicate("x", 32), "ada")}, :invalid},
            {%{"token" => Token.sign(@secret, "ada"), "vsn" => "1.0.0"}, :unsupported_version}
          ],
          do: assert({:error, ^reason} = SocketHost.connect(options(chat), params, :ada))
    end

    test "takes the token that stands beside the URL, and then no other", %{chat: chat} do
      good = Token.sign(@secret, "ada")

      for {beside, in_url, as} <- [
            {good, nil, {:ok, "ada"}},
            {good, "forged.token", {:ok, "ada"}},
            {nil, good, {:ok, "ada"}},
            {"forged.token", good, {:error, :invalid}},
            {"", good, {:error, :invalid}},
            {<<255>>, nil, {:error, :invalid}},
            {nil, nil, {:error, :invalid}}
          ] do
        info = info(chat, %{"token" => in_url}, %{auth_token: beside})

        connected =
          with {:ok, socket} <- Socket.connect(info), do: {:ok, socket.connection.user_id}

        assert {beside, in_url, connected} == {beside, in_url, as}
      end
    end

    test "may ask a function in the place of tokens", %{chat: chat} do
      authenticate = fn
        %{"name" => name}, %{frames: true} -> {:ok, name}
        _params, _info -> {:error, :nobody}
      end

      options = [chat: chat, authenticate: authenticate]
      assert {:ok, host} = SocketHost.connect(options, %{"name" => "ada"}, :ada)
      assert Chat.connections(chat, "ada") == {:ok, [host]}
      assert {:error, :nobody} = SocketHost.connect(options, %{}, :ada)

      assert {:error, %Error{reason: :invalid_user_id}} =
               SocketHost.connect(options, %{"name" => ""}, :ada)
    end

    @tag chat: [connections_per_user: 1]
    test "has the limits of the chat", %{chat: chat} do
      assert {:ok, _host} = connect(chat, "ada")
      assert {:error, %Error{reason: :too_many_connections}} = connect(chat, "ada")
    end

    @tag chat: [connections_per_user: 2]
    test "has those limits also where others have come since there was room", %{chat: chat} do
      test = self()
      info = info(chat, %{"token" => Token.sign(@secret, "ada")})
      let_in = for _ <- 1..4, {:ok, socket} <- [Socket.connect(info)], do: socket

      entered =
        for socket <- let_in do
          spawn_link(fn ->
            send(test, {:entered, Socket.init(socket)})
            receive do: (:end -> :ok)
          end)

          assert_receive {:entered, entered}
          entered
        end

      assert [{:ok, %Socket{}}, {:ok, %Socket{}}, closed, closed] = entered
      assert {:stop, {:shutdown, :too_many_connections}, 1013, %Socket{}} = closed
      assert {:ok, [_, _]} = Chat.connections(chat, "ada")
    end

    test "what is wrong with the options is said where they are given", %{chat: chat} do
      for {options, message} <- [
            {[chat: chat], ~r/:secret or :authenticate/},
            {[chat: chat, secret: "short"], ~r/at least 32 bytes/},
            {[chat: chat, secret: @secret, authenticate: {M, :f, []}], ~r/not both/},
            {[chat: chat, secret: @secret, relay: :typing], ~r/:relay/},
            {[chat: chat, secret: @secret, unknown: 1], ~r/unknown option :unknown/}
          ],
          do: assert_raise(ArgumentError, message, fn -> Socket.child_spec(options) end)
    end

    test "does not go by long polling", %{chat: chat} do
      assert {:error, :unsupported_transport} =
               Socket.connect(%{
                 transport: :longpoll,
                 endpoint: nil,
                 options: options(chat),
                 params: %{}
               })
    end

    test "an endpoint that has mounted it does not give the options again", %{chat: chat} do
      endpoint = Module.concat(chat, Endpoint)
      mounted = [endpoint: endpoint, websocket: true, auth_token: true] ++ options(chat)
      assert Socket.child_spec(mounted) == :ignore

      info = %{
        endpoint: endpoint,
        transport: :websocket,
        options: [timeout: 60_000],
        params: %{"vsn" => "2.0.0", "token" => Token.sign(@secret, "ada")},
        connect_info: %{}
      }

      assert {:ok, %Socket{frames?: false}} = Socket.connect(info)
    end
  end

  describe "a channel" do
    test "is joined, and gets each message once, as it was sent", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      {:ok, bob} = connect(chat, "bob", frames: false)
      assert %{"seq" => 0, "user_id" => "ada", "reconnect_after_ms" => ms} = join(ada, :ada, "1")
      assert ms in 1..5_000
      join(bob, "bob", "1")

      assert %{"seq" => 1} =
               ok(push(ada, "1", "2", "message", %{payload: %{text: "Hi ü \u2028"}}))

      for name <- ["ada", "bob"] do
        assert_receive {:client, ^name, [nil, nil, "room:a", "message", message]}

        assert %{"seq" => 1, "user_id" => "ada", "id" => nil, "at_ms" => at_ms} = message
        assert message["payload"] == %{"text" => "Hi ü \u2028"}
        assert is_integer(at_ms)
      end
    end

    test "tells who is there", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => %{"metas" => [_]}}]}
      {:ok, bob} = connect(chat, "bob")
      join(bob, :bob, "1")
      assert_receive {:client, "bob", [_, _, _, "presence_state", %{"ada" => _, "bob" => _}]}

      assert_receive {:client, "ada",
                      [nil, nil, "room:a", "presence_diff", %{"joins" => joins, "leaves" => left}]}

      assert %{"bob" => %{"metas" => [%{"phx_ref" => mark}]}} = joins
      assert left == %{}
      Process.unlink(bob)
      kill(bob)

      assert_receive {:client, "ada", [_, _, _, "presence_diff", %{"leaves" => leaves}]}
      assert leaves == %{"bob" => %{"metas" => [%{"phx_ref" => mark}]}}
    end

    @tag chat: [presence_limit: 1]
    test "does not tell it in a room with too many", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => _}]}
      {:ok, bob} = connect(chat, "bob")
      join(bob, :bob, "1")
      assert_receive {:client, "ada", [_, _, _, "presence_state", state]} when state == %{}
      Process.unlink(bob)
      kill(bob)
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => _}]}
      refute_received {:client, "bob", [_, _, _, "presence_state", _]}
    end

    @tag chat: [presence_limit: 0]
    test "tells nobody where nobody is to be told, and its room notes nothing for it", %{
      chat: chat
    } do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
      assert_receive {:client, "ada", [_, _, "room:a", "message", %{"seq" => 1}]}
      assert :sys.get_state(room(chat, "a")).presence == nil
    end

    test "goes on where it was when its room has crashed, and others do not notice", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1", "a")
      join(ada, :ada, "2", "b")
      {:ok, 1} = Chat.broadcast(chat, "a", "bob", 1)
      assert_receive {:client, "ada", [_, _, "room:a", "message", %{"seq" => 1}]}

      kill(room(chat, "a"))
      assert_receive {:client, "ada", ["1", "1", "room:a", "phx_error", %{}]}
      {:ok, 2} = Chat.broadcast(chat, "a", "bob", 2)
      {:ok, 1} = Chat.broadcast(chat, "b", "bob", 1)
      assert_receive {:client, "ada", [_, _, "room:b", "message", %{"seq" => 1}]}
      refute_received {:client, "ada", [_, _, "room:a", "message", _]}
      refute_received {:client, "ada", [_, _, "room:b", "phx_error", _]}

      assert %{"seq" => 2} = join(ada, :ada, "3", "a")
      assert_receive {:client, "ada", [_, _, "room:a", "message", %{"seq" => 2}]}
      {:ok, 3} = Chat.broadcast(chat, "a", "bob", 3)
      assert_receive {:client, "ada", [_, _, "room:a", "message", %{"seq" => 3}]}
      refute_received {:client, "ada", [_, _, "room:a", "message", _]}
    end

    @tag chat: [recent_messages: 10]
    test "goes on after last_seq, the answer first and then all that was missed", %{chat: chat} do
      for n <- 1..350, do: {:ok, ^n} = Chat.broadcast(chat, "a", "bob", n)

      for {name, last_seq} <- [{"ada", 0}, {"eve", 345}, {"joe", 350}, {"sue", 1_000}] do
        {:ok, host} = connect(chat, name)
        SocketHost.push(host, ["1", "1", "room:a", "phx_join", %{last_seq: last_seq}])

        assert_receive {:client, ^name, [_, _, _, "phx_reply", %{"response" => %{"seq" => 350}}]}

        for seq <- 350..1, seq > last_seq do
          assert_receive {:client, ^name, [_, _, _, "message", %{"seq" => ^seq}]}
        end

        assert {:ok, _} = Chat.broadcast(chat, "b", "bob", 1)
        refute_received {:client, ^name, [_, _, _, "message", _]}
      end
    end

    test "that is joined again belongs to the newest join", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      join(ada, :ada, "5")
      # An old tab of the client's that closes late.
      SocketHost.push(ada, ["1", "6", "room:a", "phx_leave", %{}])
      assert_receive {:client, "ada", ["1", "6", "room:a", "phx_reply", %{"status" => "ok"}]}
      assert_receive {:client, "ada", ["1", "1", "room:a", "phx_close", %{}]}
      assert Chat.members(chat, "a") == {:ok, ["ada"]}

      SocketHost.push(ada, ["1", "7", "room:a", "ping", %{}])
      assert %{} = ok(push(ada, "5", "8", "ping", %{}))
      refute_received {:client, "ada", ["1", "7", _, _, _]}
      # Some clients do not name the join.
      assert %{"n" => 1} = ok(push(ada, nil, "9", "ping", %{n: 1}))

      SocketHost.push(ada, ["5", "10", "room:a", "phx_leave", %{}])
      assert_receive {:client, "ada", ["5", "5", "room:a", "phx_close", %{}]}
      assert Chat.members(chat, "a") == {:ok, []}
      assert %{"reason" => "not_a_member"} = error(push(ada, "5", "11", "message", %{payload: 1}))
    end

    test "that is joined twice gets nothing twice, and is told again who is there", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      for n <- 1..3, do: {:ok, ^n} = Chat.broadcast(chat, "a", "bob", n)
      for n <- 1..3, do: assert_receive({:client, "ada", [_, _, _, "message", %{"seq" => ^n}]})
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => _}]}

      SocketHost.push(ada, ["2", "2", "room:a", "phx_join", %{last_seq: 1}])
      assert %{"seq" => 3} = ok(reply("2"))
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => _}]}
      {:ok, 4} = Chat.broadcast(chat, "a", "bob", 4)
      assert_receive {:client, "ada", [_, _, _, "message", %{"seq" => 4}]}
      refute_received {:client, "ada", [_, _, _, "message", _]}
      assert Chat.members(chat, "a") == {:ok, ["ada"]}
    end

    test "is closed where somebody else has the user leave", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      assert :ok = UserConnection.leave(ada, "a")
      assert_receive {:client, "ada", ["1", "1", "room:a", "phx_close", %{}]}
      assert Chat.members(chat, "a") == {:ok, []}
      assert %{"seq" => 0} = join(ada, :ada, "2")
    end

    test "comes back by itself where it was not the client who joined", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      {:ok, _} = UserConnection.join(ada, "a")
      kill(room(chat, "a"))
      eventually(fn -> Chat.members(chat, "a") == {:ok, ["ada"]} end)
      refute_received {:client, "ada", [_, _, _, "phx_error", _]}
    end

    @tag chat: [messages_per_s: 1, messages_burst: 1, rooms_per_connection: 3]
    test "is not joined and left without end", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")

      for n <- 1..10, event <- ["phx_join", "phx_leave"] do
        SocketHost.push(ada, ["#{n}", "#{event}#{n}", "room:#{n}", event, %{}])
      end

      # In time, or left again before.
      for n <- 1..3,
          do:
            refute(match?(%{"response" => %{"reason" => "rate_limited"}}, reply("phx_join#{n}")))

      for n <- 4..10, do: assert(%{"reason" => "rate_limited"} = error(reply("phx_join#{n}")))
      assert length(Chat.rooms(chat)) <= 3
    end

    test "tells who is behind, too, who is there, once they have come along", %{chat: chat} do
      {:ok, ada} = connect(chat, "ada")
      join(ada, :ada, "1")
      assert_receive {:client, "ada", [_, _, _, "presence_state", %{"ada" => _}]}
      {:ok, bob} = connect(chat, "bob")
      join(bob, :bob, "1")
      assert_receive {:client, "ada", [_, _, _, "presence_diff", %{"joins" => %{"bob" => _}}]}

      :erlang.suspend_process(ada)
      for n <- 1..40, do: {:ok, ^n} = Chat.broadcast(chat, "a", "eve", n)
      Process.unlink(bob)
      kill(bob)
      eventually(fn -> Chat.members(chat, "a") == {:ok, ["ada"]} end)
      # The room has told of it, as far as it could.
      Process.send_after(self(), :told, 300)
      assert_receive :told
      :erlang.resume_process(ada)
      assert_receive {:client, "ada", [_, _, _, "presence_state", state]}
      assert Map.keys(state) == ["ada"]
    end

    test "survives any order of joins and leaves, and the last one counts", %{chat: chat} do
      for round <- 1..50 do
        {:ok, host} = connect(chat, "u#{round}")
        steps = for n <- 1..8, do: {n, Enum.random([:join, :leave])}

        for {n, step} <- steps do
          ref = "#{n}"
          latest = for {m, :join} <- steps, m <= n, do: "#{m}"
          join_ref = List.last(latest) || ref
          event = if step == :join, do: "phx_join", else: "phx_leave"
          SocketHost.push(host, [join_ref, ref, "room:a", event, %{}])
        end

        name = "u#{round}"
        SocketHost.push(host, [nil, "end", "phoenix", "heartbeat", %{}])
        assert_receive {:client, ^name, [_, "end", _, "phx_reply", %{"status" => "ok"}]}

        in_room? = match?({_, :join}, List.last(steps))

        eventually(fn ->
          {:ok, members} = Chat.members(chat, "a")
          name in members == in_room?
        end)
      end
    end
  end

  describe "events" do
    setup %{chat: chat} do
      test = self()

      push = fn %{event: event} = context ->
        send(test, {:pushed, self(), context})

        case event do
          "echo" -> {:ok, %{size: byte_size(elem(context.payload, 1))}}
          "bytes" -> {:ok, {:binary, <<1, 2, 3>>}}
          "refuse" -> {:error, {:too_large, "no"}}
          "crash" -> exit(:crash)
          "hang" -> Process.sleep(:infinity)
          "nonsense" -> :ok
          "no json" -> {:ok, %{text: <<255>>}}
          "no text" -> {:error, {:reason, <<255>>}}
        end
      end

      authorize = fn
        _user_id, "secret" <> _, _payload -> {:error, {:unauthorized, "not you"}}
        _user_id, "crash", _payload -> exit(:crash)
        _user_id, "nonsense", _payload -> false
        _user_id, "slow", _payload -> Process.sleep(:infinity)
        _user_id, _room_id, _payload -> :ok
      end

      options =
        options(chat) ++
          [push: push, relay: ["typing"], authorize: authorize, push_timeout_ms: 1_000]

      {:ok, ada} = SocketHost.connect(options, %{"token" => Token.sign(@secret, "ada")}, "ada")
      join(ada, :ada, "1")
      {:ok, ada: ada}
    end

    test "heartbeats and pings are answered", %{ada: ada} do
      SocketHost.push(ada, [nil, "7", "phoenix", "heartbeat", %{}])
      assert_receive {:client, "ada", [nil, "7", "phoenix", "phx_reply", reply]}
      assert reply == %{"status" => "ok", "response" => %{}}
      assert ok(push(ada, "1", "8", "ping", %{at: 1.5})) == %{"at" => 1.5}
    end

    test "a message that is sent again is stored once", %{ada: ada, chat: chat} do
      for ref <- ["2", "3"] do
        assert %{"seq" => 1} = ok(push(ada, "1", ref, "message", %{payload: 1, id: "x"}))
      end

      assert {:ok, [%{id: "x"}]} = Chat.history(chat, "a")
    end

    test "history comes the oldest first", %{ada: ada, chat: chat} do
      for n <- 1..5, do: {:ok, ^n} = Chat.broadcast(chat, "a", "bob", %{n: n}, id: "i#{n}")

      assert %{"messages" => messages} =
               ok(push(ada, "1", "2", "history", %{before: 4, limit: 2}))

      assert [
               %{"seq" => 2, "user_id" => "bob", "id" => "i2", "payload" => %{"n" => 2}},
               %{"seq" => 3}
             ] = messages

      for wrong <- [%{limit: 101}, %{limit: "1"}, %{before: -1}, [], nil] do
        assert %{"reason" => reason} = error(push(ada, "1", "3", "history", wrong))
        assert reason in ["invalid_limit", "invalid_sequence", "malformed"]
      end
    end

    test "what is relayed is not stored", %{ada: ada, chat: chat} do
      {:ok, bob} = connect(chat, "bob")
      join(bob, :bob, "1")
      assert ok(push(ada, "1", "2", "typing", %{on: true})) == %{}
      assert_receive {:client, "bob", [nil, nil, "room:a", "typing", event]}
      assert event == %{"user_id" => "ada", "payload" => %{"on" => true}}
      assert Chat.history(chat, "a") == {:ok, []}
    end

    test "others are answered by a process of their own, also bytes", %{ada: ada, chat: chat} do
      data = :crypto.strong_rand_bytes(10_000)
      SocketHost.push(ada, {:binary, binary_push("1", "2", "room:a", "echo", data)})
      assert ok(reply("2")) == %{"size" => 10_000}

      assert_receive {:pushed, pid,
                      %{room_id: "a", user_id: "ada", payload: {:binary, ^data}, chat: ^chat}}

      assert pid != ada

      SocketHost.push(ada, ["1", "3", "room:a", "bytes", %{}])
      assert_receive {:client, "ada", {:binary, bytes}}
      assert bytes == <<1, 1, 1, 6, 2, "1", "3", "room:a", "ok", 1, 2, 3>>

      assert error(push(ada, "1", "4", "refuse", %{})) == %{
               "reason" => "too_large",
               "message" => "no"
             }
    end

    @tag :capture_log
    test "what is no answer is a crash of whoever has given it", %{ada: ada} do
      for {event, n} <- Enum.with_index(["nonsense", "no json", "no text"], 2) do
        assert %{"reason" => "crashed"} = error(push(ada, "1", "#{n}", event, %{}))
      end

      assert ok(push(ada, "1", "9", "ping", %{})) == %{}
    end

    @tag :capture_log
    test "a room whose authorization fails is not joined, and the others go on", %{
      ada: ada,
      chat: chat
    } do
      for {room_id, reason} <- [
            {"crash", "crashed"},
            {"nonsense", "crashed"},
            {"slow", "timeout"}
          ] do
        SocketHost.push(ada, ["7", room_id, "room:" <> room_id, "phx_join", %{}])
        assert ok(push(ada, "1", "p" <> room_id, "ping", %{})) == %{}
        assert %{"reason" => ^reason} = error(reply(room_id))
        assert Chat.members(chat, room_id) == {:ok, []}
      end

      # Left before it was decided.
      SocketHost.push(ada, ["8", "8", "room:b", "phx_join", %{}])
      SocketHost.push(ada, ["8", "9", "room:b", "phx_leave", %{}])
      assert ok(reply("9")) == %{}
      assert ok(push(ada, "1", "10", "ping", %{})) == %{}
      eventually(fn -> Chat.members(chat, "b") == {:ok, []} end)
    end

    test "one that ends leaves the registry by itself", %{ada: ada, chat: chat} do
      registry = Config.fetch!(chat).user_registry
      assert Registry.count(registry) == 1
      for {_id, pid, _, _} <- Supervisor.which_children(registry), do: :sys.suspend(pid)
      send(ada, :close)
      assert_receive {:stopped, "ada", _reason, _code}
      assert Registry.count(registry) == 0
      for {_id, pid, _, _} <- Supervisor.which_children(registry), do: :sys.resume(pid)
    end

    @tag chat: [max_payload_bytes: 10_000]
    test "texts are read as far as a message may be as long in ASCII", %{ada: ada} do
      # Of one character, which has two bytes.
      escaped =
        &"[\"1\",\"2\",\"room:a\",\"message\",{\"payload\":\"#{String.duplicate("\\u00e9", &1)}\"}]"

      SocketHost.push(ada, {:raw, escaped.(4_999)})
      assert %{"seq" => 1} = ok(reply("2"))
      SocketHost.push(ada, {:raw, escaped.(5_000)})
      assert %{"reason" => "payload_too_large"} = error(reply("2"))
      SocketHost.push(ada, {:raw, escaped.(6_000)})
      assert_receive {:stopped, "ada", {:shutdown, :too_large}, 1009}
    end

    test "texts beyond max_text_bytes are not read", %{chat: chat} do
      options = options(chat) ++ [max_text_bytes: 5_000]
      params = %{"token" => Token.sign(@secret, "eve")}
      {:ok, eve} = SocketHost.connect(options, params, "eve")
      frame = &[nil, "1", "phoenix", "heartbeat", %{x: String.duplicate("x", &1)}]
      least = byte_size(JSON.encode!(frame.(0)))
      SocketHost.push(eve, frame.(5_000 - least))
      assert ok(reply("1")) == %{}
      SocketHost.push(eve, frame.(5_001 - least))
      assert_receive {:stopped, "eve", {:shutdown, :too_large}, 1009}
    end

    test "what is deeply nested is refused before it is answered", %{chat: chat} do
      deep = String.duplicate("[", 300) <> String.duplicate("]", 300)
      {:ok, host} = connect(chat, "eve")
      SocketHost.push(host, {:raw, ~s(["1","2","room:a","ping",#{deep}])})
      assert_receive {:stopped, "eve", {:shutdown, :malformed}, 1007}
    end

    test "what crashes shows no secret", %{chat: chat} do
      {:ok, state} =
        Socket.connect(%{
          endpoint: nil,
          options: options(chat),
          params: %{"vsn" => "2.0.0", "token" => Token.sign(@secret, "ada")},
          connect_info: %{}
        })

      refute inspect(state) =~ @secret
      refute inspect(state) =~ "ada"
    end

    @tag :capture_log
    test "what crashes or takes too long is answered, and stopped with its client", %{ada: ada} do
      assert %{"reason" => "crashed"} = error(push(ada, "1", "2", "crash", %{}))
      assert_receive {:pushed, _crashed, _context}
      assert %{"reason" => "timeout"} = error(push(ada, "1", "3", "hang", %{}))
      assert_receive {:pushed, hanging, _context}
      refute Process.alive?(hanging)

      SocketHost.push(ada, ["1", "4", "room:a", "hang", %{}])
      assert_receive {:pushed, hanging, _context}
      monitor = Process.monitor(hanging)
      # As a server ends it: normally, which links say nothing of.
      send(ada, :close)
      assert_receive {:DOWN, ^monitor, _, _, _}
    end

    test "rooms may be closed to some", %{ada: ada} do
      SocketHost.push(ada, ["2", "2", "room:secret", "phx_join", %{}])

      assert error(reply("2")) == %{"reason" => "unauthorized", "message" => "not you"}
    end

    test "what makes no sense is refused", %{ada: ada, chat: chat} do
      for {topic, event, payload, reason} <- [
            {"lobby", "phx_join", %{}, "unmatched_topic"},
            {"room:", "phx_join", %{}, "invalid_room_id"},
            {"room:" <> String.duplicate("x", 256), "phx_join", %{}, "invalid_room_id"},
            {"room:b", "phx_join", %{last_seq: -1}, "invalid_sequence"},
            {"room:b", "phx_join", %{last_seq: "1"}, "invalid_sequence"},
            {"room:b", "message", %{payload: 1}, "not_a_member"},
            {"room:a", "message", 1, "malformed"},
            {"room:a", "message", %{payload: 1, id: ""}, "invalid_message_id"},
            {"room:a", "message", %{payload: String.duplicate("x", 70_000)}, "payload_too_large"}
          ] do
        ref = "#{System.unique_integer([:positive])}"
        SocketHost.push(ada, [nil, ref, topic, event, payload])
        assert %{"reason" => ^reason} = error(reply(ref))
      end

      assert Chat.history(chat, "a") == {:ok, []}
    end

    test "what is no message of the protocol ends the connection, and only this one", %{
      chat: chat
    } do
      for frame <- [
            {:raw, "no json"},
            {:raw, "{}"},
            {:raw, ~s(["1","2","room:a","ping"])},
            {:raw, ~s([1,"2","room:a","ping",{}])},
            {:raw, ""},
            {:binary, ""},
            {:binary, <<0, 255, 255, 255, 255>>},
            {:binary, <<1, 0, 0, 0, 0>>},
            {:binary, <<0, 1, 0, 0, 0, 255>>}
          ] do
        {:ok, host} = connect(chat, "eve")
        SocketHost.push(host, frame)
        assert_receive {:stopped, "eve", {:shutdown, :malformed}, 1007}
      end

      assert Chat.members(chat, "a") == {:ok, ["ada"]}
    end

    test "it can be used as any connection, and be closed and drained", %{ada: ada, chat: chat} do
      assert UserConnection.rooms(ada) == ["a"]
      assert {:ok, 1} = UserConnection.broadcast(ada, "a", 1)
      assert {:ok, %{seq: 0}} = UserConnection.join(ada, "b")
      assert :ok = UserConnection.close(ada)
      assert_receive {:stopped, "ada", {:shutdown, :closed}, 1000}

      {:ok, bob} = connect(chat, "bob")
      send(bob, :drain)
      assert_receive {:stopped, "bob", {:shutdown, :restart}}
    end
  end

  test "the drainer closes all, and waits for them", %{chat: chat} do
    for n <- 1..20, do: {:ok, _host} = connect(chat, "u#{n}")
    spec = Socket.drainer_spec([drainer: [per_s: 100]] ++ options(chat))
    drainer = start_supervised!(spec)
    assert Process.alive?(drainer)
    stop_supervised!(spec.id)
    for n <- 1..20, do: assert_received({:stopped, _name, {:shutdown, :restart}} when n > 0)
    assert {:error, :draining} = connect(chat, "late")
    start_supervised!(spec)
    assert {:ok, _host} = connect(chat, "later")
    assert Socket.drainer_spec([drainer: false] ++ options(chat)) == :ignore
  end

  defp options(chat), do: [chat: chat, secret: @secret]

  # What a server knows of a connection.
  defp info(chat, params, connect_info \\ %{}) do
    %{
      endpoint: nil,
      transport: :websocket,
      options: options(chat),
      params: Map.put(params, "vsn", "2.0.0"),
      connect_info: connect_info
    }
  end

  defp connect(chat, user_id, extra \\ []),
    do:
      SocketHost.connect(
        options(chat),
        %{"token" => Token.sign(@secret, user_id)},
        user_id,
        extra
      )

  defp join(host, _name, join_ref, room_id \\ "a") do
    SocketHost.push(host, [join_ref, join_ref, "room:" <> room_id, "phx_join", %{}])
    ok(reply(join_ref))
  end

  defp push(host, join_ref, ref, event, payload) do
    SocketHost.push(host, [join_ref, ref, "room:a", event, payload])
    reply(ref)
  end

  defp reply(ref) do
    assert_receive {:client, _name, [_join_ref, ^ref, _topic, "phx_reply", reply]}
    reply
  end

  defp ok(%{"status" => "ok", "response" => response}), do: response
  defp error(%{"status" => "error", "response" => response}), do: response

  defp binary_push(join_ref, ref, topic, event, data) do
    fields = [join_ref, ref, topic, event]
    IO.iodata_to_binary([0, Enum.map(fields, &byte_size/1), fields, data])
  end
end
