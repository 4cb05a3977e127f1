defmodule Cantilever.DatabaseWorkerTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Result

  doctest DatabaseWorker
  doctest DatabaseWorker.Error
  doctest DatabaseWorker.Result
  doctest DatabaseWorker.Transaction

  @moduletag :tmp_dir

  @endless "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

  defp database(context, options \\ []) do
    path = Path.join(context.tmp_dir, "test.db")
    start_supervised!({DatabaseWorker, [path: path, readers: 2] ++ options})
  end

  defp with_table(context) do
    database = database(context)
    DatabaseWorker.query!(database, "CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)")
    database
  end

  defp reason({:error, %Error{reason: reason}}), do: reason

  describe "query/4" do
    test "gives columns, rows, changes and the last row's id", context do
      database = with_table(context)
      inserted = DatabaseWorker.query!(database, "INSERT INTO numbers VALUES (7, 'seven')")

      assert %Result{columns: [], rows: [], changes: 1, last_insert_rowid: 7} = inserted

      selected = DatabaseWorker.query!(database, "SELECT n, word FROM numbers")
      assert %Result{columns: ["n", "word"], rows: [[7, "seven"]], changes: 0} = selected
    end

    test "reads what was written before, whichever connection reads", context do
      database = with_table(context)

      for n <- 1..50 do
        DatabaseWorker.query!(database, "INSERT INTO numbers (n) VALUES (?)", [n])

        assert DatabaseWorker.query!(database, "SELECT max(n) FROM numbers").rows == [[n]]
      end
    end

    test "finds out that a statement writes that begins as one that reads", context do
      database = with_table(context)
      sql = "WITH new(n) AS (VALUES (1)) INSERT INTO numbers (n) SELECT n FROM new"
      assert DatabaseWorker.query!(database, sql).changes == 1
      assert reason(DatabaseWorker.query(database, sql, [], mode: :read)) == :read_only
    end

    test "binds by name", context do
      database = database(context)
      sql = "SELECT :a, @b, $c, :a"

      assert DatabaseWorker.query!(database, sql, a: 1, b: 2, c: 3).rows == [[1, 2, 3, 1]]
      params = %{"a" => 1, "b" => 2, "c" => 3}
      assert DatabaseWorker.query!(database, sql, params).rows == [[1, 2, 3, 1]]
    end

    test "rolls back a transaction that a statement leaves open", context do
      database = with_table(context)
      assert reason(DatabaseWorker.query(database, "SAVEPOINT one")) == :open_transaction
      assert DatabaseWorker.query!(database, "INSERT INTO numbers (n) VALUES (1)").changes == 1
    end

    test "stops a statement when its time is over, and only that one", context do
      database = database(context, readers: 0)

      for _ <- 1..5 do
        assert reason(DatabaseWorker.query(database, @endless, [], timeout: 20)) == :timeout
        assert DatabaseWorker.query!(database, "SELECT 1").rows == [[1]]
      end
    end
  end

  describe "query_many/4" do
    test "gives a result for each binding, and stores all", context do
      database = with_table(context)
      sql = "INSERT INTO numbers (word) VALUES (?) RETURNING n, word"

      assert {:ok, results} = DatabaseWorker.query_many(database, sql, [["a"], ["b"], ["c"]])

      assert Enum.map(results, & &1.rows) == [[[1, "a"]], [[2, "b"]], [[3, "c"]]]
      assert Enum.map(results, & &1.changes) == [1, 1, 1]
      assert hd(results).columns == ["n", "word"]
      assert {:ok, []} = DatabaseWorker.query_many(database, sql, [])
    end

    test "stores nothing of a batch of which one run fails", context do
      database = with_table(context)
      sql = "INSERT INTO numbers (n) VALUES (?)"

      assert {:error, %Error{reason: :constraint, message: message}} =
               DatabaseWorker.query_many(database, sql, [[1], [2], [1]])

      assert message =~ "the binding 2"
      assert DatabaseWorker.query!(database, "SELECT * FROM numbers").rows == []
    end

    test "in a transaction, undoes what it has done of a batch that fails, and no more",
         context do
      database = with_table(context)
      sql = "INSERT INTO numbers (n) VALUES (?)"

      assert {:ok, :constraint} =
               DatabaseWorker.transaction(database, fn transaction ->
                 DatabaseWorker.query_many!(transaction, sql, [[1], [2]])
                 reason(DatabaseWorker.query_many(transaction, sql, [[3], [1]]))
               end)

      assert DatabaseWorker.query!(database, "SELECT n FROM numbers").rows == [[1], [2]]
    end
  end

  describe "transaction/3" do
    test "rolls back what its function raises, throws or exits from", context do
      database = with_table(context)

      for leave <- [fn -> raise "no" end, fn -> throw(:no) end, fn -> exit(:no) end] do
        assert catch_anything(fn ->
                 DatabaseWorker.transaction(database, fn transaction ->
                   DatabaseWorker.query!(transaction, "INSERT INTO numbers (n) VALUES (1)")
                   leave.()
                 end)
               end)
      end

      assert DatabaseWorker.query!(database, "SELECT * FROM numbers").rows == []
    end

    test "rolls back when its process is killed", context do
      database = with_table(context)
      test = self()

      {pid, monitor} =
        spawn_monitor(fn ->
          DatabaseWorker.transaction(database, fn transaction ->
            DatabaseWorker.query!(transaction, "INSERT INTO numbers (n) VALUES (1)")
            send(test, :inserted)
            Process.sleep(:infinity)
          end)
        end)

      assert_receive :inserted
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}

      assert DatabaseWorker.query!(database, "SELECT * FROM numbers", [], mode: :write).rows == []
    end

    test "is over afterwards", context do
      database = with_table(context)
      {:ok, transaction} = DatabaseWorker.transaction(database, & &1)
      late = DatabaseWorker.query(transaction, "INSERT INTO numbers (n) VALUES (1)")
      assert reason(late) in [:over, :rolled_back]

      DatabaseWorker.transaction(database, fn _other ->
        assert reason(DatabaseWorker.query(transaction, "SELECT 1")) == :over
      end)
    end

    test "refuses to be ended by a statement", context do
      database = with_table(context)

      for sql <- ["COMMIT", "ROLLBACK", "BEGIN", "END"] do
        assert {:ok, :not_allowed} =
                 DatabaseWorker.transaction(database, fn transaction ->
                   reason(DatabaseWorker.query(transaction, sql))
                 end)
      end
    end

    test "says that a statement has rolled it back", context do
      database = with_table(context)
      sql = "INSERT OR ROLLBACK INTO numbers (n) VALUES (1)"

      assert {:error, %Error{reason: :rolled_back}} =
               DatabaseWorker.transaction(database, fn transaction ->
                 DatabaseWorker.query!(transaction, sql)
                 assert reason(DatabaseWorker.query(transaction, sql)) == :constraint
                 assert reason(DatabaseWorker.query(transaction, sql)) == :rolled_back
               end)

      assert DatabaseWorker.query!(database, "SELECT * FROM numbers").rows == []
    end
  end

  defp catch_anything(fun) do
    fun.()
    nil
  catch
    kind, reason -> {kind, reason}
  end
end
