defmodule Cantilever.DatabaseWorker.CallTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker.Call
  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error

  @busy {:error, {:busy, 5, "database is locked"}}

  # Gives the answers one after the other, and says with which clock it was asked.
  defp native(answers) do
    {:ok, agent} = Agent.start_link(fn -> answers end)
    test = self()

    fn clock ->
      send(test, {:asked, clock})
      Agent.get_and_update(agent, fn [answer | rest] -> {answer, rest ++ [answer]} end)
    end
  end

  test "is made again while another connection holds a lock" do
    native = native([@busy, @busy, {:ok, 7}])
    assert Call.run(Deadline.new(:infinity), "SELECT 7", native) == {:ok, 7}
    for _ <- 1..3, do: assert_received({:asked, {_at, nil}})
    refute_received {:asked, _clock}
  end

  test "gives the time that is left" do
    assert {:ok, 7} = Call.run(Deadline.new(60_000), nil, native([{:ok, 7}]))
    assert_received {:asked, {at, left}}
    assert left in 1..60_000_000
    assert is_integer(at)
  end

  test "ends with what was in its way" do
    assert {:error, %Error{reason: :busy, code: 5, sql: "x"}} =
             Call.run(Deadline.new(5), "x", native([@busy]))

    late = {:error, {:timeout, nil, "late"}}

    assert {:error, %Error{reason: :busy}} =
             Call.run(Deadline.new(10), "x", native([@busy, late]))

    assert {:error, %Error{reason: :timeout}} = Call.run(Deadline.new(10), "x", native([late]))
  end

  test "a panic is an error" do
    panicking = fn _clock -> raise Cantilever.NativePanic, message: "on purpose" end

    assert {:error, %Error{reason: :crashed} = error} =
             Call.run(Deadline.new(:infinity), "SELECT 1", panicking)

    assert error.message =~ "on purpose"
    assert error.sql == "SELECT 1"
  end
end
