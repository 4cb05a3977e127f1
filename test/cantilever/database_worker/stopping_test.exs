defmodule Cantilever.DatabaseWorker.StoppingTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error

  @moduletag :tmp_dir

  @endless "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

  setup context do
    path = Path.join(context.tmp_dir, "test.db")
    database = start_supervised!({DatabaseWorker, path: path, readers: 1})
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")
    {:ok, path: path, database: database}
  end

  # Runs `fun` in a process that is killed while it runs a statement, which is known from the connection being in use.
  defp kill_in(fun) do
    {pid, monitor} = spawn_monitor(fun)
    eventually(fn -> running_natively?(pid) end)
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
  end

  defp running_natively?(pid) do
    match?(
      {:current_function, {Cantilever.Native, function, _arity}}
      when function in [:sqlite_query, :sqlite_query_many],
      Process.info(pid, :current_function)
    )
  end

  # Another worker stands for any other program: both have locks of the file alone in common.
  defp hold_lock(path, fun) do
    other = start_supervised!({DatabaseWorker, path: path, readers: 0}, id: make_ref())

    {:ok, result} =
      DatabaseWorker.transaction(other, fn _transaction -> fun.() end, timeout: :infinity)

    result
  end

  test "a statement ends with its caller, and the next one is not touched", %{database: database} do
    for mode <- [:read, :write], _ <- 1..10 do
      kill_in(fn ->
        DatabaseWorker.query(database, @endless, [], mode: mode, timeout: :infinity)
      end)

      assert DatabaseWorker.query!(database, "SELECT 1", [], mode: mode).rows == [[1]]
    end
  end

  test "what a killed caller was writing is undone", %{database: database} do
    endless =
      "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT i FROM n"

    kill_in(fn -> DatabaseWorker.query(database, endless, [], timeout: :infinity) end)

    kill_in(fn ->
      bindings = List.duplicate([1], 1_000_000)
      DatabaseWorker.query_many(database, "INSERT INTO t VALUES (?)", bindings)
    end)

    assert DatabaseWorker.query!(database, "SELECT count(*) FROM t", [], mode: :write).rows == [
             [0]
           ]
  end

  test "a timeout that comes as a statement ends stops no other one", %{database: database} do
    sql =
      "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT count(*) FROM n"

    # About as long as the timeout, from well below to well above.
    for limit <- 1_000..40_000//500 do
      case DatabaseWorker.query(database, sql, [limit], timeout: 1) do
        {:ok, result} -> assert result.rows == [[limit]]
        {:error, error} -> assert error.reason == :timeout
      end

      assert DatabaseWorker.query!(database, "SELECT 1", [], timeout: :infinity).rows == [[1]]
    end
  end

  test "a timeout counts the time in the queue", %{database: database} do
    test = self()

    holder =
      spawn_link(fn ->
        DatabaseWorker.transaction(
          database,
          fn _transaction ->
            send(test, :held)
            receive do: (:go -> :ok)
          end,
          timeout: :infinity
        )
      end)

    assert_receive :held

    for _ <- 1..5 do
      assert {:error, %Error{reason: :timeout}} =
               DatabaseWorker.query(database, "INSERT INTO t VALUES (1)", [], timeout: 10)
    end

    send(holder, :go)
    assert DatabaseWorker.query!(database, "INSERT INTO t VALUES (1)").changes == 1
    refute_received {_ref, _late_answer}
  end

  test "a transaction is over with its time, also between its statements", %{database: database} do
    assert {:error, %Error{reason: :timeout}} =
             DatabaseWorker.transaction(
               database,
               fn transaction ->
                 DatabaseWorker.query!(transaction, "INSERT INTO t VALUES (1)")

                 assert {:error, %Error{reason: :timeout}} =
                          DatabaseWorker.query(transaction, @endless)

                 assert {:error, %Error{reason: :timeout}} =
                          DatabaseWorker.query(transaction, "SELECT 1")
               end,
               timeout: 50
             )

    assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[0]]
  end

  test "a lock is waited for until it is free", %{database: database, path: path} do
    task =
      hold_lock(path, fn ->
        task = Task.async(fn -> DatabaseWorker.query(database, "INSERT INTO t VALUES (1)") end)
        # It has come to the lock and waits for it.
        eventually(fn -> Process.info(task.pid, :status) == {:status, :waiting} end)
        task
      end)

    assert {:ok, %{changes: 1}} = Task.await(task)
  end

  test "a lock that is not released is an error, and readers go on", context do
    %{database: database, path: path} = context

    hold_lock(path, fn ->
      for write <- [
            &DatabaseWorker.query(database, "INSERT INTO t VALUES (1)", [], &1),
            &DatabaseWorker.query_many(database, "INSERT INTO t VALUES (?)", [[1], [2]], &1),
            &DatabaseWorker.transaction(database, fn _transaction -> :never end, &1)
          ] do
        assert {:error, %Error{reason: :busy, code: 5}} = write.(timeout: 30)
        assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[0]]
      end
    end)

    assert DatabaseWorker.query!(database, "INSERT INTO t VALUES (1)").changes == 1
  end

  test "who waits for a lock and is killed is gone", %{database: database, path: path} do
    hold_lock(path, fn ->
      {pid, monitor} =
        spawn_monitor(fn ->
          DatabaseWorker.query(database, "INSERT INTO t VALUES (1)", [], timeout: :infinity)
        end)

      eventually(fn -> Process.info(pid, :status) == {:status, :waiting} end)
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
    end)

    assert DatabaseWorker.query!(database, "INSERT INTO t VALUES (2)").changes == 1
    assert DatabaseWorker.query!(database, "SELECT x FROM t").rows == [[2]]
  end

  test "twenty who wait for a lock hold no thread", %{database: database, path: path} do
    workers =
      for id <- 1..20,
          do: start_supervised!({DatabaseWorker, path: path, readers: 0}, id: {:waiting, id})

    # All have opened the file, which needs the lock too.
    for worker <- workers, do: DatabaseWorker.query!(worker, "SELECT 1")

    tasks =
      hold_lock(path, fn ->
        tasks =
          for worker <- workers do
            Task.async(fn ->
              DatabaseWorker.query(worker, "INSERT INTO t VALUES (1)", [], timeout: :infinity)
            end)
          end

        # Who is in a native function is not waiting, and there are fewer threads than tasks.
        eventually(fn ->
          Enum.all?(tasks, &(Process.info(&1.pid, :status) == {:status, :waiting}))
        end)

        for _ <- 1..50, do: assert({:ok, _} = File.stat(path))
        assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[0]]
        tasks
      end)

    for task <- tasks, do: assert({:ok, %{changes: 1}} = Task.await(task, :infinity))
    assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[20]]
  end

  test "a lock of another program is waited for too", %{database: database, path: path} do
    peer = ChildVM.start()
    on_exit(fn -> ChildVM.stop(peer) end)

    ChildVM.eval(
      peer,
      """
      test = self()

      holder =
        spawn(fn ->
          {:ok, other} = Cantilever.DatabaseWorker.start_link(path: path, readers: 0)

          Cantilever.DatabaseWorker.transaction(other, fn _ ->
            send(test, :held)
            receive do: (:go -> :ok)
          end, timeout: :infinity)

          receive do: (:never -> :ok)
        end)

      receive do: (:held -> Process.register(holder, :holder))
      """,
      path: path
    )

    assert {:error, %Error{reason: :busy}} =
             DatabaseWorker.query(database, "INSERT INTO t VALUES (1)", [], timeout: 50)

    task = Task.async(fn -> DatabaseWorker.query(database, "INSERT INTO t VALUES (1)") end)
    ChildVM.eval(peer, "send(:holder, :go)")
    assert {:ok, %{changes: 1}} = Task.await(task)
  end
end
