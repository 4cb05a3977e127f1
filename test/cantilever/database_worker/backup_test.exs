defmodule Cantilever.DatabaseWorker.BackupTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error

  @moduletag :tmp_dir

  setup context do
    database =
      start_supervised!(
        {DatabaseWorker, path: Path.join(context.tmp_dir, "test.db"), synchronous: :normal}
      )

    DatabaseWorker.query!(database, "CREATE TABLE pairs (a INTEGER PRIMARY KEY, b)")
    {:ok, database: database, copy: Path.join(context.tmp_dir, "copy.db")}
  end

  # Writes pairs of rows, each pair at once, until it is told to stop.
  defp write_pairs(database) do
    Task.async(fn ->
      Stream.iterate(1, &(&1 + 1))
      |> Enum.find(fn i ->
        bindings = [[2 * i, i], [2 * i + 1, i]]
        DatabaseWorker.query_many!(database, "INSERT INTO pairs VALUES (?, ?)", bindings)
        receive(do: (:stop -> true), after: (0 -> false))
      end)
    end)
  end

  test "a copy is whole, and a check finds nothing, while others write", context do
    %{database: database, copy: copy} = context
    writer = write_pairs(database)

    for i <- 1..5 do
      assert DatabaseWorker.integrity_check(database) == :ok
      assert DatabaseWorker.backup(database, copy) == :ok

      other = start_supervised!({DatabaseWorker, path: copy, readers: 0}, id: {:copy, i})
      assert DatabaseWorker.integrity_check(other) == :ok

      [[rows, pairs]] =
        DatabaseWorker.query!(other, "SELECT count(*), count(DISTINCT b) FROM pairs").rows

      assert rows == 2 * pairs
      stop_supervised!({:copy, i})
    end

    send(writer.pid, :stop)
    last = Task.await(writer, :infinity)
    assert [[count]] = DatabaseWorker.query!(database, "SELECT count(*) FROM pairs").rows
    assert count == 2 * last
    assert File.ls!(context.tmp_dir) |> Enum.filter(&(&1 =~ ".tmp")) == []
  end

  test "readers do not write after it", %{database: database, copy: copy} do
    assert DatabaseWorker.backup(database, copy) == :ok

    for _ <- 1..5 do
      assert {:error, %Error{reason: :read_only}} =
               DatabaseWorker.query(database, "INSERT INTO pairs VALUES (1, 1)", [], mode: :read)
    end
  end

  test "a database in memory is copied too", %{copy: copy} do
    memory = start_supervised!({DatabaseWorker, path: ":memory:"}, id: :memory)
    DatabaseWorker.query!(memory, "CREATE TABLE t AS SELECT 7 AS x")
    assert DatabaseWorker.backup(memory, copy) == :ok
    file = start_supervised!({DatabaseWorker, path: copy}, id: :file)
    assert DatabaseWorker.query!(file, "SELECT x FROM t").rows == [[7]]
  end

  test "a database in memory outlives a copy that cannot be written", %{tmp_dir: tmp_dir} do
    memory = start_supervised!({DatabaseWorker, path: ":memory:"}, id: :memory)
    DatabaseWorker.query!(memory, "CREATE TABLE t AS SELECT 7 AS x")

    # Only SQLite finds out about the last one, whose name becomes too long.
    for name <- ["no/copy.db", ".", String.duplicate("x", 250)] do
      assert {:error, %Error{}} = DatabaseWorker.backup(memory, Path.join(tmp_dir, name))
      assert DatabaseWorker.query!(memory, "SELECT x FROM t").rows == [[7]]
    end
  end

  test "what cannot be written is said to be so, and an older file stays", context do
    %{database: database, copy: copy, tmp_dir: tmp_dir} = context

    for {path, text} <- [
          {Path.join(tmp_dir, "test.db"), "a database that is in use"},
          {tmp_dir, "it is a directory"},
          {Path.join(tmp_dir, "no/copy.db"), "there is no such directory"},
          {copy <> <<0>> <> "x", "NUL"}
        ] do
      assert {:error, %Error{reason: :cannot_open} = error} =
               DatabaseWorker.backup(database, path)

      assert error.message =~ text
    end

    File.write!(copy, "older")
    bindings = for i <- 1..2_000, do: [i, {:blob, :binary.copy("x", 1_000)}]
    DatabaseWorker.query_many!(database, "INSERT INTO pairs VALUES (?, ?)", bindings)
    assert {:error, %Error{reason: :timeout}} = DatabaseWorker.backup(database, copy, timeout: 1)
    assert File.read!(copy) == "older"
    assert File.ls!(tmp_dir) |> Enum.filter(&(&1 =~ ".tmp")) == []
    assert DatabaseWorker.backup(database, copy) == :ok
  end
end
