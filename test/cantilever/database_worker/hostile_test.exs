defmodule Cantilever.DatabaseWorker.HostileTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error

  @moduletag :tmp_dir

  setup context do
    path = Path.join(context.tmp_dir, "test.db")
    {:ok, path: path, database: start_supervised!({DatabaseWorker, path: path, readers: 1})}
  end

  defp error(database, sql, params \\ []) do
    assert {:error, %Error{} = error} = DatabaseWorker.query(database, sql, params)
    error
  end

  test "values never are SQL", %{database: database} do
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")
    text = "'); DROP TABLE t; --"
    DatabaseWorker.query!(database, "INSERT INTO t VALUES (?)", [text])
    assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[text]]
  end

  test "SQL that cannot be run is an error that says why", %{database: database} do
    for {sql, reason, text} <- [
          {"", :syntax, "no statement"},
          {" -- nothing", :syntax, "no statement"},
          {";", :syntax, "no statement"},
          {"SELEC 1", :syntax, ~s(near "SELEC")},
          {"SELECT * FROM nowhere", :syntax, "no such table: nowhere"},
          {<<"SELECT ", 255>>, :syntax, "no UTF-8"},
          {"SELECT 1\0; DROP TABLE t", :syntax, "NUL"},
          {"SELECT 1; SELECT 2", :multiple_statements, "more than one"},
          {"SELECT 1;;;-- x\n; SELECT 2", :multiple_statements, "more than one"},
          {"SELECT \"no column\"", :syntax, "no such column"},
          {"SELECT abs(-9223372036854775808)", :failed, "integer overflow"},
          {"SELECT " <> String.duplicate("1", 1_000_001), :too_big, "too long"}
        ] do
      error = error(database, sql)
      assert {sql, error.reason} == {sql, reason}
      assert error.message =~ text
    end

    assert_raise ArgumentError, ~r/SQL must be a binary/, fn ->
      DatabaseWorker.query(database, :select)
    end
  end

  test "one statement with what is no other one is run", %{database: database} do
    for sql <- ["SELECT 1;", "SELECT 1; ; -- and no more", "SELECT 1 /* ; */", "SELECT 1;\n"],
        do: assert(DatabaseWorker.query!(database, sql).rows == [[1]])

    assert DatabaseWorker.query!(database, "SELECT ';SELECT 2'").rows == [[";SELECT 2"]]
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    DatabaseWorker.query!(
      database,
      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE x < 0; DELETE FROM t WHERE x > 9; END"
    )

    DatabaseWorker.query!(database, "INSERT INTO t VALUES (-1), (5), (10)")
    assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[5]]
  end

  test "no statement changes the connection for others, or opens another file", context do
    database = context.database
    other = Path.join(context.tmp_dir, "other.db")
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    for sql <- [
          "ATTACH '#{other}' AS other",
          "VACUUM INTO '#{other}'",
          "ATTACH '' AS other",
          "ATTACH ('' || '') AS other",
          "ATTACH '#{context.tmp_dir}' || '/other.db' AS other",
          "DETACH main",
          "DETACH 'ma' || 'in'",
          "PRAGMA journal_mode = DELETE",
          "PRAGMA busy_timeout = 60000",
          "PRAGMA locking_mode = EXCLUSIVE",
          "PRAGMA query_only = OFF",
          "PRAGMA foreign_keys = OFF",
          "PRAGMA writable_schema = ON",
          "PRAGMA synchronous = OFF",
          "PRAGMA main.synchronous(OFF)",
          "PRAGMA Wal_AutoCheckpoint = 0",
          "PRAGMA case_sensitive_like = ON",
          "PRAGMA soft_heap_limit = 1000",
          "PRAGMA temp_store_directory = '/'",
          "PRAGMA defer_foreign_keys = ON",
          "CREATE TEMP TABLE t (x)",
          "CREATE TABLE temp.t (x)",
          "CREATE TEMP VIEW t AS SELECT 1",
          "CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
          "CREATE VIEW temp.t AS SELECT 1",
          "CREATE TRIGGER temp.tr AFTER INSERT ON main.t BEGIN SELECT 1; END",
          "CREATE TABLE temp.t AS SELECT * FROM main.t",
          "CREATE VIRTUAL TABLE temp.t USING fts5(x)",
          "BEGIN EXCLUSIVE"
        ],
        mode <- if(sql =~ "VACUUM", do: [:write], else: [:write, :read]) do
      result = DatabaseWorker.query(database, sql, [], mode: mode)
      assert {^sql, {:error, %Error{reason: :not_allowed} = error}} = {sql, result}
      refute error.message == "not authorized"
    end

    for {sql, params} <- [
          {"ATTACH ?1 AS x", [other]},
          {"ATTACH ?1 AS x", [""]},
          {"ATTACH ?1 || '' AS ?2", [other, "x"]},
          {"DETACH ?1", ["main"]},
          {"VACUUM INTO ?1", [other]}
        ],
        mode <- if(sql =~ "VACUUM", do: [:write], else: [:write, :read]) do
      assert {:error, %Error{reason: :not_allowed} = error} =
               DatabaseWorker.query(database, sql, params, mode: mode)

      assert error.message =~ ~r/TACH .*not allowed/
    end

    refute File.exists?(other)
    assert {:error, _error} = DatabaseWorker.query(database, "SELECT load_extension('x')")
    assert DatabaseWorker.query!(database, "PRAGMA journal_mode").rows == [["wal"]]
    assert DatabaseWorker.query!(database, "VACUUM").rows == []

    names =
      for [_id, name, _file] <- DatabaseWorker.query!(database, "PRAGMA database_list").rows,
          do: name

    assert names -- ["main", "temp"] == []
  end

  test "PRAGMAs that read, or are for the file, may be used", %{database: database} do
    DatabaseWorker.query!(database, "CREATE TABLE t (x PRIMARY KEY)")

    for {sql, modes} <- [
          {"PRAGMA table_info(t)", [:write, :read]},
          {"PRAGMA index_list('t')", [:write, :read]},
          {"SELECT * FROM pragma_table_xinfo('t')", [:write, :read]},
          {"PRAGMA foreign_key_check(t)", [:write, :read]},
          {"PRAGMA quick_check(1)", [:write, :read]},
          {"PRAGMA compile_options", [:write, :read]},
          {"PRAGMA synchronous", [:write, :read]},
          {"PRAGMA user_version = 7", [:write]},
          {"PRAGMA application_id = 7", [:write]},
          {"PRAGMA incremental_vacuum(10)", [:write]},
          {"PRAGMA wal_checkpoint(TRUNCATE)", [:write]},
          {"PRAGMA optimize(0xfffe)", [:write]},
          {"CREATE INDEX i ON t (x)", [:write]},
          {"ANALYZE", [:write]},
          {"ALTER TABLE t RENAME TO u", [:write]},
          {"ALTER TABLE u ADD COLUMN y", [:write]},
          {"DROP TABLE u", [:write]},
          {"REINDEX", [:write]}
        ],
        mode <- modes do
      assert {:ok, _result} = DatabaseWorker.query(database, sql, [], mode: mode)
    end

    for mode <- [:write, :read] do
      assert DatabaseWorker.query!(database, "PRAGMA synchronous", [], mode: mode).rows == [[2]]
      assert DatabaseWorker.query!(database, "PRAGMA user_version", [], mode: mode).rows == [[7]]
    end
  end

  test "the worker's own statements are for nobody else", %{database: database} do
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    for end_it <- ["COMMIT", "COMMIT /* cantilever */", "ROLLBACK", "ROLLBACK /* cantilever */"] do
      assert {:ok, _value} = DatabaseWorker.transaction(database, fn _transaction -> :ok end)

      assert {:error, :on_purpose} =
               DatabaseWorker.transaction(database, fn transaction ->
                 DatabaseWorker.query!(transaction, "INSERT INTO t VALUES (1)")

                 assert {:error, %Error{reason: :not_allowed}} =
                          DatabaseWorker.query(transaction, end_it)

                 DatabaseWorker.rollback(transaction, :on_purpose)
               end)

      assert {:error, %Error{reason: :not_allowed}} =
               DatabaseWorker.query_many(database, end_it, [[]])

      assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[0]]
    end
  end

  test "a statement that nests deeply harms nobody", %{database: database} do
    for count <- [100, 400, 499, 900, 5_000, 50_000],
        sql <- [
          "SELECT " <> String.duplicate("(", count) <> "1" <> String.duplicate(")", count),
          "SELECT 1" <> String.duplicate("+1", count),
          "SELECT " <> String.duplicate("NOT ", count) <> "1",
          "SELECT 1" <> String.duplicate(" EXCEPT SELECT 2", count),
          String.duplicate("SELECT * FROM (", count) <>
            "SELECT 1" <> String.duplicate(")", count),
          "SELECT 1" <> String.duplicate(";SELECT 1", count),
          "SELECT json('" <>
            String.duplicate("[", count) <> String.duplicate("]", count) <> "')"
        ] do
      case DatabaseWorker.query(database, sql, [], timeout: :infinity) do
        {:ok, _result} ->
          :ok

        {:error, error} ->
          assert error.reason in [:syntax, :too_big, :multiple_statements, :failed]
      end
    end

    assert DatabaseWorker.query!(database, "SELECT 1").rows == [[1]]
  end

  test "views upon views harm nobody, also where they are dropped with the connection", context do
    database = context.database
    DatabaseWorker.query!(database, "CREATE VIEW v0 AS SELECT 1 AS x")

    {:ok, _} =
      DatabaseWorker.transaction(database, fn transaction ->
        for i <- 1..600 do
          sql = "CREATE VIEW v#{i} AS SELECT x FROM v#{i - 1} EXCEPT SELECT 2"
          DatabaseWorker.query!(transaction, sql)
        end
      end)

    _ = DatabaseWorker.query(database, "SELECT * FROM v600")
    assert DatabaseWorker.query!(database, "SELECT * FROM v20").rows == [[1]]
    stop_supervised!(DatabaseWorker)
    again = start_supervised!({DatabaseWorker, path: context.path})
    assert DatabaseWorker.query!(again, "SELECT * FROM v20").rows == [[1]]
  end

  test "what is too large is refused, and nothing of it stored", context do
    small =
      start_supervised!(
        {DatabaseWorker, path: ":memory:", max_bytes: 10_000, max_result_bytes: 50_000},
        id: :small
      )

    DatabaseWorker.query!(small, "CREATE TABLE t (x)")

    for value <- [String.duplicate("x", 20_000), {:blob, :binary.copy("x", 20_000)}] do
      assert %{reason: :too_big} = error(small, "INSERT INTO t VALUES (?)", [value])
    end

    assert %{reason: :too_big} = error(small, "SELECT zeroblob(20000)")

    assert %{reason: :too_big} =
             error(small, "SELECT replace('aaaaaaaa', 'a', hex(zeroblob(2000)))")

    assert DatabaseWorker.query!(small, "SELECT count(*) FROM t").rows == [[0]]

    endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    assert %{reason: :too_big} = error = error(small, endless)
    assert error.message =~ "max_result_bytes"

    _ = context
  end

  test "options are refused by name", %{database: database} do
    for {options, text} <- [
          {[], "needs the option :path"},
          {[path: ""], "the option :path"},
          {[path: "a\0b"], "the option :path"},
          {[path: :memory], "the option :path"},
          {[path: "x", readers: -1],
           "the option :readers of a database worker must be an integer from 0 to 64, got: -1"},
          {[path: "x", reader: 1], "unknown option :reader for a database worker"},
          {[path: "x", synchronous: :off], "the option :synchronous"},
          {[path: "x", name: "x"], "the option :name"},
          {%{path: "x"}, "a keyword list"}
        ] do
      error = assert_raise ArgumentError, fn -> DatabaseWorker.start_link(options) end
      assert error.message =~ text
    end

    for {options, text} <- [
          {[timeout: 0], "the option :timeout of query/4"},
          {[timeout: -1], "the option :timeout of query/4"},
          {[mode: :fast], "the option :mode of query/4 must be :auto, :read or :write"},
          {[time: 1], "unknown option :time for query/4; the options are :timeout, :mode"},
          {:none, "a keyword list"}
        ] do
      error =
        assert_raise ArgumentError, fn ->
          DatabaseWorker.query(database, "SELECT 1", [], options)
        end

      assert error.message =~ text
    end
  end

  test "a path is a path, not one of SQLite's URIs", context do
    path = Path.join(context.tmp_dir, "file:odd name?mode=ro&cache=shared#%20")
    database = start_supervised!({DatabaseWorker, path: path}, id: :odd)
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")
    assert File.exists?(path)
  end
end
