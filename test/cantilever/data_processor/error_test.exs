defmodule Cantilever.DataProcessor.ErrorTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Error

  describe "message/1" do
    test "says which input failed, how and after how many attempts" do
      for {kind, reason, text} <- [
            {:raise, %ArgumentError{message: "bad"}, "raised ArgumentError: bad"},
            {:throw, :ball, "threw :ball, which nobody caught"},
            {:exit, :noproc, "exited: no process"},
            {:kill, :killed, "its process was killed"},
            {:timeout, 20, "ran longer than 20 ms and was stopped; raise the option :timeout"}
          ] do
        message =
          Exception.message(%Error{
            input: {:a, 1},
            index: 4,
            kind: kind,
            reason: reason,
            attempts: 3
          })

        assert message =~ "item 4 of the batch, {:a, 1}, "
        assert message =~ text
        assert message =~ "(the last of 3 attempts)"
      end
    end

    test "stays short for a large input" do
      error = %Error{
        input: String.duplicate("x", 100_000),
        index: 0,
        kind: :kill,
        reason: :killed
      }

      assert String.length(Exception.message(error)) < 300
    end
  end
end
