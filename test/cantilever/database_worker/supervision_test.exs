defmodule Cantilever.DatabaseWorker.SupervisionTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Options
  alias Cantilever.DatabaseWorker.Pool
  alias Cantilever.DatabaseWorker.Server
  alias Cantilever.Native

  @moduletag :tmp_dir

  defp start(context, options \\ []) do
    path = Path.join(context.tmp_dir, "test.db")
    start_supervised!({DatabaseWorker, [path: path, readers: 2] ++ options})
  end

  defp count(database), do: hd(hd(DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows))

  test "fifty who write at once get no error", context do
    database = start(context, synchronous: :normal)
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    1..50
    |> Enum.map(fn writer ->
      Task.async(fn ->
        for i <- 1..100 do
          options = [timeout: :infinity]
          params = [writer * 1_000 + i]
          DatabaseWorker.query!(database, "INSERT INTO t VALUES (?)", params, options)
        end
      end)
    end)
    |> Task.await_many(:infinity)

    assert count(database) == 5_000
    assert DatabaseWorker.integrity_check(database) == :ok
  end

  test "tables are dropped and made again while others read", context do
    database = start(context)
    DatabaseWorker.query!(database, "CREATE TABLE t (a)")
    test = self()

    reader =
      spawn_link(fn ->
        Stream.repeatedly(fn -> DatabaseWorker.query!(database, "SELECT * FROM t") end)
        |> Enum.find(fn result ->
          # The columns are those of the rows.
          for row <- result.rows, do: assert(length(row) == length(result.columns))
          receive(do: (:stop -> true), after: (0 -> false))
        end)

        send(test, :read)
      end)

    for i <- 1..100 do
      columns = Enum.map_join(0..rem(i, 5), ", ", &"c#{&1}")

      assert {:ok, _} =
               DatabaseWorker.transaction(database, fn transaction ->
                 DatabaseWorker.query!(transaction, "DROP TABLE t")
                 DatabaseWorker.query!(transaction, "CREATE TABLE t (#{columns})")
                 DatabaseWorker.query!(transaction, "INSERT INTO t DEFAULT VALUES")
               end)
    end

    send(reader, :stop)
    assert_receive :read
  end

  test "a worker that is killed under load comes back, and what it said is stored is stored",
       context do
    name = :"#{__MODULE__}.#{context.test}"
    start(context, name: name, synchronous: :normal)
    DatabaseWorker.query!(name, "CREATE TABLE t (x PRIMARY KEY)")

    writers =
      for writer <- 1..8 do
        Task.async(fn ->
          for i <- 1..200, reduce: 0 do
            stored ->
              case DatabaseWorker.query(name, "INSERT INTO t VALUES (?)", ["#{writer}-#{i}"]) do
                {:ok, _result} -> stored + 1
                {:error, %Error{reason: reason}} when reason in [:unavailable, :crashed] -> stored
              end
          end
        end)
      end

    # Not quicker than a supervisor bears.
    for _ <- 1..3 do
      pid = eventually_whereis(name)
      monitor = Process.monitor(pid)
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
    end

    stored = writers |> Task.await_many(:infinity) |> Enum.sum()
    assert count(name) == stored
    assert DatabaseWorker.integrity_check(name) == :ok
  end

  defp eventually_whereis(name) do
    eventually(fn -> Process.whereis(name) end)
    Process.whereis(name)
  end

  test "a name under which nobody runs is an error", context do
    for worker <- [:"#{__MODULE__}.nobody", spawn(fn -> :ok end)] do
      assert {:error, %Error{reason: :unavailable} = error} =
               DatabaseWorker.query(worker, "SELECT 1", [], timeout: 50)

      assert error.message =~ inspect(worker)
    end

    _ = context
  end

  test "a name in a registry that is away is an error, until it is back", context do
    registry = :"#{__MODULE__}.#{context.test}"
    name = {:via, Registry, {registry, :database}}

    assert {:error, %Error{reason: :unavailable}} =
             DatabaseWorker.query(name, "SELECT 1", [], timeout: 50)

    query = Task.async(fn -> DatabaseWorker.query(name, "SELECT 1") end)
    start_supervised!({Registry, keys: :unique, name: registry})
    start(context, name: name)
    assert {:ok, %{rows: [[1]]}} = Task.await(query)
  end

  test "readers go on while the file cannot be opened for writing", context do
    database = start(context)
    path = Path.join(context.tmp_dir, "test.db")
    DatabaseWorker.query!(database, "CREATE TABLE t AS SELECT 7 AS x")
    for _ <- 1..10, do: DatabaseWorker.query!(database, "SELECT x FROM t")

    # The readers have the file, but its name is of another one.
    File.rename!(path, path <> ".away")
    File.mkdir!(path)

    {:error, %Error{reason: :crashed}} =
      DatabaseWorker.transaction(database, &Native.sqlite_close(&1.lease.connection))

    assert {:error, %Error{reason: :unavailable}} =
             DatabaseWorker.query(database, "INSERT INTO t VALUES (8)")

    assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[7]]
    File.rmdir!(path)
    File.rename!(path <> ".away", path)

    eventually(fn ->
      match?({:ok, _}, DatabaseWorker.query(database, "INSERT INTO t VALUES (8)"))
    end)
  end

  test "a connection that is lost is replaced", context do
    database = start(context)
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    {:error, %Error{reason: :crashed}} =
      DatabaseWorker.transaction(database, fn transaction ->
        DatabaseWorker.query!(transaction, "INSERT INTO t VALUES (1)")
        # As a panic in a native function leaves it.
        Native.sqlite_close(transaction.lease.connection)
        assert {:error, %Error{reason: :crashed}} = DatabaseWorker.query(transaction, "SELECT 1")
      end)

    assert DatabaseWorker.query!(database, "INSERT INTO t VALUES (2)").changes == 1
    assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[2]]
  end

  test "what a transaction is given up for says nothing about its connection", _context do
    database = start_supervised!({DatabaseWorker, path: ":memory:"})
    DatabaseWorker.query!(database, "CREATE TABLE t AS SELECT 7 AS x")

    for reason <- [:io, :crashed, :cannot_open] do
      error = %Error{reason: reason, message: "of another database"}

      assert {:error, ^error} =
               DatabaseWorker.transaction(database, &DatabaseWorker.rollback(&1, error))

      assert {:ok, {:error, ^error}} =
               DatabaseWorker.transaction(database, fn _transaction -> {:error, error} end)

      assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[7]]
    end
  end

  test "a database in memory is there again, and empty, after its connection is lost", _context do
    database = start_supervised!({DatabaseWorker, path: ":memory:"})
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")

    {:error, %Error{reason: :crashed}} =
      DatabaseWorker.transaction(database, fn transaction ->
        # As a panic in a native function leaves it.
        Native.sqlite_close(transaction.lease.connection)
      end)

    assert DatabaseWorker.query!(database, "CREATE TABLE t (x)").rows == []
  end

  test "a queue that is full refuses who comes next", context do
    database = start(context, max_queue: 3)
    test = self()

    {:ok, :held} =
      DatabaseWorker.transaction(
        database,
        fn _transaction ->
          waiting =
            for _ <- 1..3 do
              spawn(fn ->
                send(test, {:done, DatabaseWorker.query(database, "PRAGMA user_version")})
              end)
            end

          eventually(fn ->
            Enum.all?(waiting, &(Process.info(&1, :status) == {:status, :waiting}))
          end)

          assert {:error, %Error{reason: :overloaded}} =
                   DatabaseWorker.query(database, "PRAGMA user_version")

          # Readers have a queue of their own, and who has died makes room.
          assert {:ok, _} = DatabaseWorker.query(database, "SELECT 1")
          Process.exit(hd(waiting), :kill)

          eventually(fn ->
            case DatabaseWorker.query(database, "PRAGMA user_version", [], timeout: 5) do
              {:error, %Error{reason: :timeout}} -> true
              {:error, %Error{reason: :overloaded}} -> false
            end
          end)

          :held
        end,
        timeout: :infinity
      )

    for _ <- 1..2, do: assert_receive({:done, {:ok, _result}})
  end

  test "what is opened while the worker stops is closed too", context do
    [file, late] =
      for _ <- 1..2 do
        request = {Path.join(context.tmp_dir, "test.db"), :writer, true, 10, 1_000, 1_000_000}
        {:ok, connection} = Native.sqlite_open(request, {:os.system_time(:microsecond), nil})
        connection
      end

    {_opening, monitor} = spawn_monitor(fn -> exit({:opened, late}) end)
    options = Options.new!(path: Path.join(context.tmp_dir, "test.db"), readers: 1)
    pool = Pool.new(1, 10) |> Pool.update(0, state: :idle, connection: file)
    state = %Server{options: options, pool: pool, at_work: %{monitor => 1}}

    Server.terminate(:shutdown, state)

    for connection <- [file, late],
        do: assert(Native.sqlite_lend(connection) == {:error, :closed})
  end

  test "all the processes of a worker end with it, and the file is closed", context do
    database = start(context)
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")
    path = Path.join(context.tmp_dir, "test.db")
    assert File.exists?(path <> "-wal")
    stop_supervised!(DatabaseWorker)
    # The last one to close the file puts its log into it.
    refute File.exists?(path <> "-wal")
  end
end
