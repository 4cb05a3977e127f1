Code.require_file("../../../bench/tail/pauser.exs", __DIR__)

defmodule Cantilever.Bench.Tail.PauserTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Tail.Pauser

  test "looks while the function runs, and ends the pause when it ends" do
    test = self()
    pause = fn wanted? -> send(test, {:pause, wanted?}) end

    assert Pauser.during(pause, fn ->
             assert_receive {:pause, _wanted?}
             assert_receive {:pause, _wanted?}
             :result
           end) == :result

    assert {:pause, false} = last_message(nil)
  end

  test "ends the pause when the function raises" do
    test = self()

    assert_raise RuntimeError, fn ->
      Pauser.during(&send(test, {:pause, &1}), fn -> raise "no" end)
    end

    assert {:pause, false} = last_message(nil)
  end

  defp last_message(last) do
    receive do
      message -> last_message(message)
    after
      0 -> last
    end
  end
end
