Code.require_file("../../../bench/websocket/attacks.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.AttacksTest do
  # The attackers have a name.
  use ExUnit.Case, async: false

  alias Cantilever.Bench.WebSocket.Attacks
  alias Cantilever.Bench.WebSocket.Attacks.{Attackers, Attempts, Elsewhere}
  alias Cantilever.Chat
  alias Cantilever.Chat.Token
  alias Cantilever.WebServer

  setup context do
    chat = Module.concat(context.module, Chat)
    web = Module.concat(context.module, Web)
    secret = :crypto.strong_rand_bytes(32)
    socket = {Chat.Socket, chat: chat, secret: secret}
    start_supervised!({Chat, name: chat})

    limits = Map.get(context, :server, [])
    options = [name: web, port: 0, sockets: %{"/chat/websocket" => socket}] ++ limits
    start_supervised!({WebServer, options})

    {:ok,
     target: %{
       port: WebServer.port(web),
       elsewhere: Elsewhere.start(),
       good: [Token.sign(secret, "mallory")],
       bad: [Token.sign(:crypto.strong_rand_bytes(32), "mallory"), ""]
     }}
  end

  defp make(attack, target, times) do
    plan = Keyword.fetch!(Attempts.plans(), attack)
    state = Attempts.new(plan, target, 0)

    Enum.map_reduce(1..times, state, fn _time, state -> Attempts.make(attack, target, state) end)
    |> elem(0)
  end

  # What the server says to it may be on its way for a while.
  defp refused_at_last(attack, target) do
    state = Attempts.new(Attempts.plans()[attack], target, 0)
    refused_at_last(attack, target, state, System.monotonic_time(:millisecond) + 5_000)
  end

  defp refused_at_last(attack, target, state, until_ms) do
    case Attempts.make(attack, target, state) do
      {0, state} ->
        if System.monotonic_time(:millisecond) < until_ms,
          do: refused_at_last(attack, target, state, until_ms),
          else: 0

      {refused, _state} ->
        refused
    end
  end

  describe "make/3" do
    test "says that each attempt was refused that must be", %{target: target} do
      for attack <-
            [:endless_heads, :heads_elsewhere, :broken_frames, :broken_json] ++
              [:tokens, :origins],
          do: assert({attack, make(attack, target, 7)} == {attack, List.duplicate(1, 7)})
    end

    test "says that nothing was refused of what may be for a while", %{target: target} do
      for attack <- [:slow_heads, :endless_fragments, :connects, :left_open],
          do: assert({attack, make(attack, target, 7)} == {attack, List.duplicate(0, 7)})
    end

    test "has messages refused that are too large, or the connection closed", %{target: target} do
      # It joins; a ping, what is too large for the socket; it joins; a message, what is too large for the server; it joins; a message, a ping.
      assert make(:oversized_json, target, 9) == [0, 0, 1, 0, 1, 1, 0, 1, 0]
    end

    @tag server: [max_connections_per_ip: 3]
    test "sees connections refused beyond the limit of an address", %{target: target} do
      assert refused_at_last(:left_open, target) > 0
    end

    test "sees the limit of messages", %{target: target} do
      assert refused_at_last(:messages, target) > 0
    end

    test "raises where a server lets in what it must not", %{target: target} do
      target = %{target | bad: target.good}

      assert_raise RuntimeError, ~r/has not refused a bad token: 101/, fn ->
        make(:tokens, target, 1)
      end
    end
  end

  describe "Attackers" do
    test "make each its attempts, and are gone then", %{target: target} do
      :ok = Attackers.start(:tokens, target)
      assert %{attempts: attempts, refused: attempts, ms: ms} = Attackers.stop()
      assert attempts >= 50 and ms > 0
      assert Process.whereis(Attackers) == nil
    end

    @tag :capture_log
    test "fail where one of them does", %{target: target} do
      :ok = Attackers.start(:tokens, %{target | bad: target.good})
      assert_raise RuntimeError, ~r/an attack itself has failed/, fn -> Attackers.stop() end
    end
  end

  describe "goals/1" do
    test "compare each attack with nobody, within rounds" do
      sample = &%{open: %{"p99_us" => &1}}

      attacks =
        for {attack, _plan} <- Attempts.plans(), do: {attack, [sample.(900.0), sample.(5_000.0)]}

      samples = Map.new([{:idle, [sample.(300.0), sample.(5_000.0)]} | attacks])
      goals = Attacks.goals(samples)
      assert length(goals) == length(attacks) - 1
      assert Enum.all?(goals, &match?(%{value: 2.0, goal: "<= 2.0", met: true}, &1))
    end
  end
end
