defmodule Cantilever.DataProcessor.JournalTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Journal

  setup do
    %{journal: Journal.new(40, Journal.new_table())}
  end

  test "follows a worker through its chunk", %{journal: journal} do
    assert Journal.position(journal) == {:ok, 1}
    assert Journal.begin(journal) == :ok
    assert Journal.next(journal, 1, :ok, :a) == :ok
    assert Journal.position(journal) == {:ok, 2}
    assert Journal.next(journal, 2, :error, :b) == :ok
    assert Journal.outcomes(journal) == [ok: :a, error: :b]
    assert Journal.finish(journal, 3) == :ok
    assert Journal.position(journal) == {:ok, 3}
    assert Journal.claim(journal, 3) == :moved
    assert Journal.cut(journal, 3) == :moved
  end

  test "does not mistake an earlier chunk's outcomes for its own", %{journal: journal} do
    Journal.begin(journal)
    Journal.next(journal, 1, :ok, :a)
    Journal.next(journal, 2, :ok, :b)
    later = Journal.new(50, journal.table)
    Journal.begin(later)
    assert Journal.outcomes(later) == []
    Journal.next(later, 1, :ok, :c)
    assert Journal.outcomes(later) == [ok: :c]
  end

  describe "claim/2" do
    test "keeps the worker from going on", %{journal: journal} do
      Journal.begin(journal)
      assert Journal.claim(journal, 1) == :ok
      assert Journal.position(journal) == :claimed
      assert Journal.next(journal, 1, :ok, :a) == :claimed
      assert Journal.finish(journal, 1) == :claimed
    end

    test "comes too late when the worker went on", %{journal: journal} do
      Journal.begin(journal)
      Journal.next(journal, 1, :ok, :a)
      assert Journal.claim(journal, 1) == :moved
      assert Journal.position(journal) == {:ok, 2}
    end

    test "gets a worker whose chunk was cut, too", %{journal: journal} do
      Journal.begin(journal)
      Journal.cut(journal, 1)
      assert Journal.claim(journal, 1) == :ok
      assert Journal.finish(journal, 1) == :claimed
    end
  end

  describe "cut/2" do
    test "ends the chunk after the item at hand", %{journal: journal} do
      Journal.begin(journal)
      assert Journal.cut(journal, 1) == :ok
      assert Journal.position(journal) == {:ok, 1}
      assert Journal.next(journal, 1, :ok, :a) == :cut
      assert Journal.finish(journal, 1) == :ok
    end

    test "comes too late when the worker went on", %{journal: journal} do
      Journal.begin(journal)
      Journal.next(journal, 1, :ok, :a)
      assert Journal.cut(journal, 1) == :moved
    end
  end
end
