defmodule Cantilever.DatabaseWorker.PoolTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Pool
  alias Cantilever.DatabaseWorker.Pool.Borrower

  defp borrower(role),
    do: %Borrower{pid: self(), ref: make_ref(), monitor: make_ref(), role: role}

  defp waiting(pool, borrowers) do
    Enum.reduce(borrowers, pool, fn borrower, pool ->
      {:ok, pool} = Pool.enqueue(pool, borrower)
      pool
    end)
  end

  test "reading is for readers, and for the writer where there are none" do
    assert Pool.role(Pool.new(2, 1), :reader) == :reader
    assert Pool.role(Pool.new(0, 1), :reader) == :writer
    assert Pool.role(Pool.new(2, 1), :writer) == :writer
  end

  test "first come, first served, each kind by itself" do
    [first, second] = writers = [borrower(:writer), borrower(:writer)]
    reader = borrower(:reader)
    pool = Pool.new(1, 10) |> waiting(writers ++ [reader])
    assert Pool.next(pool, :writer) == nil

    pool = pool |> Pool.update(0, state: :idle) |> Pool.update(1, state: :idle)
    assert {^first, %{id: 0}, after_first} = Pool.next(pool, :writer)
    assert {^second, %{id: 0}, _pool} = Pool.next(after_first, :writer)
    assert {^reader, %{id: 1}, _pool} = Pool.next(pool, :reader)
    assert {^first, _place, _pool} = Pool.next(Pool.put_back(after_first, first), :writer)
  end

  test "a queue has an end" do
    pool = Pool.new(1, 2) |> waiting([borrower(:writer), borrower(:writer)])
    assert Pool.enqueue(pool, borrower(:writer)) == :full
    assert {:ok, _pool} = Pool.enqueue(pool, borrower(:reader))
  end

  test "who no longer waits is not served" do
    [first, second] = writers = [borrower(:writer), borrower(:writer)]
    pool = Pool.new(0, 10) |> waiting(writers) |> Pool.update(0, state: :idle)
    assert {^first, pool} = Pool.take_waiting(pool, &(&1.ref == first.ref))
    assert {nil, ^pool} = Pool.take_waiting(pool, &(&1.ref == first.ref))
    assert {^second, _place, _pool} = Pool.next(pool, :writer)
  end

  test "there is nothing to wait for once each connection has failed" do
    failure = %Error{reason: :unavailable, message: "none"}
    pool = Pool.new(2, 10) |> Pool.update(1, failure: failure)
    assert Pool.failure(pool, :reader) == nil
    assert Pool.failure(Pool.update(pool, 2, failure: failure), :reader) == failure
    assert Pool.failure(pool, :writer) == nil
  end

  test "readers that are open do without a writer, and only those" do
    failure = %Error{reason: :unavailable, message: "none"}
    pool = Pool.new(2, 10)
    assert Pool.refusal(pool, :writer) == nil
    assert Pool.refusal(pool, :reader) == nil

    pool = Pool.update(pool, 0, failure: failure)
    assert Pool.refusal(pool, :writer) == failure
    assert Pool.refusal(pool, :reader) == failure

    pool = Pool.update(pool, 2, connection: make_ref())
    assert Pool.refusal(pool, :writer) == failure
    assert Pool.refusal(pool, :reader) == nil

    pool = pool |> Pool.update(1, failure: failure) |> Pool.update(2, connection: nil)
    assert Pool.refusal(pool, :reader) == failure
  end

  test "a borrower is found by what is lent to it" do
    lent = borrower(:writer)
    pool = Pool.new(1, 10) |> Pool.update(0, state: :lent, borrower: lent)
    assert %{id: 0} = Pool.lent_to(pool, &(&1.ref == lent.ref))
    assert Pool.lent_to(pool, &(&1.ref == make_ref())) == nil
  end
end
