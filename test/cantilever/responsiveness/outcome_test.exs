defmodule Cantilever.Responsiveness.OutcomeTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Outcome

  doctest Outcome

  describe "get!/1" do
    test "ends as the function did, with its stack trace" do
      assert Outcome.get!(Outcome.of(fn -> :result end)) == :result
      assert catch_throw(Outcome.get!(Outcome.of(fn -> throw(:up) end))) == :up
      assert catch_exit(Outcome.get!(Outcome.of(fn -> exit(:down) end))) == :down

      {:error, :badarg, stacktrace} =
        failure = Outcome.of(fn -> hd(Process.get(:nothing, [])) end)

      try do
        Outcome.get!(failure)
        flunk("it did not raise")
      rescue
        ArgumentError -> assert hd(__STACKTRACE__) == hd(stacktrace)
      end
    end
  end
end
