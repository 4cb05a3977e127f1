defmodule Cantilever.Responsiveness.FirstCallTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.FirstCall

  describe "make/2" do
    test "tells how long it took and what it returned" do
      assert {:ok, text} = FirstCall.make(fn -> {:ok, 7} end)
      assert text =~ ~r/^one call took \S+ \S+ and returned \{:ok, 7\}$/
    end

    test "shortens a large result to a line" do
      assert {:ok, text} =
               FirstCall.make(fn -> Enum.map(1..1_000, &String.duplicate("é\n", &1)) end)

      assert String.length(text) < 150
      refute text =~ "\n"
    end

    test "notes that an error is what will be measured" do
      for result <- [:error, {:error, :enoent}, {:error, 1, 2}] do
        assert {:ok, text} = FirstCall.make(fn -> result end)
        assert text =~ "note: that is an error"
      end

      assert {:ok, text} = FirstCall.make(fn -> {} end)
      refute text =~ "note"
    end

    test "says in a line what went wrong" do
      for {fun, message} <- [
            {fn -> raise ArgumentError, "two\nlines" end,
             "the expression raises ArgumentError: two lines"},
            {fn -> raise <<255>> end, ~S(the expression raises RuntimeError: "\xFF")},
            {fn -> :erlang.error(:badarith) end,
             "the expression raises ArithmeticError: bad argument in arithmetic expression"},
            {fn -> apply(Nope, :nope, []) end,
             "the expression raises UndefinedFunctionError: function Nope.nope/0 is undefined (module Nope is not available)"},
            {fn -> throw(:ball) end, "the expression throws :ball"},
            {fn -> exit(:bye) end, "the expression exits: :bye"},
            {fn -> Process.exit(self(), :kill) end, "the expression exits: killed"}
          ] do
        assert FirstCall.make(fun) == {:error, message}
      end
    end

    test "survives a process that the call linked to itself and that dies" do
      assert {:error, "the expression exits: :boom"} =
               FirstCall.make(fn ->
                 pid = spawn_link(fn -> receive do: (:go -> exit(:boom)) end)
                 send(pid, :go)
                 receive do: (:never -> :ok)
               end)
    end

    test "leaves alive a server that the call starts and links for those after it" do
      test = self()

      assert {:ok, _text} =
               FirstCall.make(fn ->
                 {:ok, agent} = Agent.start_link(fn -> :state end)
                 send(test, {:started, agent})
               end)

      assert_received {:started, agent}
      assert Agent.get(agent, & &1) == :state
      Agent.stop(agent)
    end

    test "ends with the process that makes it" do
      test = self()

      maker =
        spawn(fn ->
          FirstCall.make(fn ->
            send(test, {:calling, self()})
            receive do: (:never -> :ok)
          end)
        end)

      assert_receive {:calling, call}
      monitor = Process.monitor(call)
      Process.exit(maker, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^call, :killed}
    end

    test "says once that the call takes long" do
      test = self()

      # Two ticks are left for a second time.
      tell = fn text ->
        send(test, {:told, text})
        assert_receive {:calling, call}
        Process.send_after(call, :go, 250)
      end

      fun = fn ->
        send(test, {:calling, self()})
        receive do: (:go -> :gone)
      end

      assert {:ok, result} = FirstCall.make(fun, patience_ms: 0, tell: tell)
      assert result =~ "and returned :gone"
      assert_received {:told, text}
      assert text =~ ~r/^the first call has run for \d+ s; Ctrl-C twice ends it$/
      refute_received {:told, _text}
    end

    test "says so when the call does not end in time" do
      wait = fn -> receive do: (:never -> :ok) end
      tell = fn text -> flunk(text) end

      assert FirstCall.make(wait, timeout: 20, tell: tell) ==
               {:error, "the call did not end within 20 ms"}
    end

    test "leaves no message behind" do
      _ = FirstCall.make(fn -> :ok end)
      _ = FirstCall.make(fn -> exit(:bye) end)
      refute_received _any
    end
  end
end
