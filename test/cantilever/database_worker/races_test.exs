defmodule Cantilever.DatabaseWorker.RacesTest do
  use ExUnit.Case, async: true

  alias Cantilever.Native

  @moduletag :tmp_dir
  @moduletag timeout: :infinity

  # Longer: SQLITE_RACES_S=60 mix test test/cantilever/database_worker/races_test.exs
  @seconds String.to_integer(System.get_env("SQLITE_RACES_S", "3"))

  @processes 16
  @handles 4

  @endless "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
  @numbers "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

  # Every process uses every handle at any time, with leases of others, while others close them and processes are killed in the
  # middle of it. Whatever comes of it is an answer.
  test "no race of calls on shared handles is more than an error", %{tmp_dir: tmp_dir} do
    path = Path.join(tmp_dir, "test.db")
    table = :ets.new(:handles, [:public])
    for place <- 1..@handles, do: put_handle(table, place, path)
    deadline = System.monotonic_time(:millisecond) + @seconds * 1_000
    counter = :counters.new(1, [])

    1..@processes
    |> Enum.map(fn process ->
      Task.async(fn -> keep_going(table, path, deadline, counter, process) end)
    end)
    |> Task.await_many(:infinity)

    assert :counters.get(counter, 1) > @processes

    for {_place, {connection, _lease}} <- :ets.tab2list(table),
        do: Native.sqlite_close(connection)

    # Nothing is left that would be in the way of who comes next.
    {:ok, connection} = open(path)
    {:ok, lease} = Native.sqlite_lend(connection)

    assert {:ok, {_, [["ok"]], 0, _}} =
             query(connection, lease, "PRAGMA integrity_check", :read, 60_000)
  end

  # Each time in a process of its own, which may be killed at any moment.
  defp keep_going(table, path, deadline, counter, process) do
    :rand.seed(:exsss, {ExUnit.configuration()[:seed], process, 0})

    if System.monotonic_time(:millisecond) < deadline do
      seed = :rand.uniform(1_000_000_000)

      {pid, monitor} =
        spawn_monitor(fn ->
          :rand.seed(:exsss, seed)
          for _ <- 1..50, do: step(table, path, counter)
        end)

      patience = if :rand.uniform(2) == 1, do: :rand.uniform(20), else: 30_000

      receive do
        {:DOWN, ^monitor, :process, ^pid, reason} -> assert reason == :normal
      after
        patience ->
          Process.exit(pid, :kill)
          assert_receive {:DOWN, ^monitor, :process, ^pid, reason}
          assert reason in [:normal, :killed]
          assert patience < 30_000, "a call does not end"
      end

      keep_going(table, path, deadline, counter, :rand.uniform(1_000_000))
    end
  end

  defp step(table, path, counter) do
    place = :rand.uniform(@handles)
    [{^place, {connection, lease}}] = :ets.lookup(table, place)
    :counters.add(counter, 1, 1)

    case :rand.uniform(14) do
      1 -> lend(table, place, connection)
      2 -> known(Native.sqlite_transact(connection, lease, :begin, clock(10)))
      3 -> known(Native.sqlite_transact(connection, lease, :commit, clock(10)))
      4 -> known(Native.sqlite_transact(connection, lease, :roll_back, clock(10)))
      5 -> known(Native.sqlite_reset(connection))
      6 -> known(query(connection, lease, @endless, :read, :rand.uniform(3)))
      7 -> known(query(connection, lease, "INSERT INTO t VALUES (1)", :itself, 10))
      8 -> known(query(connection, lease, "INSERT INTO t VALUES (2)", :transaction, 10))
      9 -> known(query(connection, lease, "SELECT x FROM t LIMIT 10", :read, 10))
      10 -> batch(connection, lease)
      11 -> cursor(connection, lease)
      12 -> if :rand.uniform(20) == 1, do: close(table, place, path, connection)
      13 -> known(query(connection, lease, "CREATE TABLE u (x)", :itself, 10))
      14 -> known(query(connection, lease, "DROP TABLE u", :itself, 10))
    end
  end

  defp lend(table, place, connection) do
    with {:ok, lease} <- known(Native.sqlite_lend(connection)),
         do: :ets.insert(table, {place, {connection, lease}})
  end

  defp batch(connection, lease) do
    request =
      {"INSERT INTO t VALUES (?) RETURNING x", Enum.random([:itself, :transaction]), 1_000_000}

    bindings = for i <- 1..20, do: [i]
    known(Native.sqlite_query_many(connection, lease, request, bindings, clock(10)))
  end

  defp cursor(connection, lease) do
    request = {@numbers, :read, 1_000_000}

    with {:ok, cursor} <- known(Native.sqlite_cursor_open(connection, lease, request, [])) do
      for _ <- 1..:rand.uniform(4), do: known(Native.sqlite_cursor_next(cursor, 50, clock(10)))
      # Otherwise it goes with its process.
      if :rand.uniform(2) == 1, do: Native.sqlite_cursor_close(cursor)
      known(Native.sqlite_cursor_next(cursor, 50, clock(10)))
    end
  end

  defp close(table, place, path, connection) do
    :ok = Native.sqlite_close(connection)
    :ok = Native.sqlite_close(connection)
    put_handle(table, place, path)
  end

  defp put_handle(table, place, path) do
    case open(path) do
      {:ok, connection} -> :ets.insert(table, {place, {connection, 0}})
      {:error, {:busy, _code, _message}} -> put_handle(table, place, path)
    end
  end

  defp open(path) do
    request = {path, :writer, false, 10, 1_000, 1_000_000}

    with {:ok, connection} <- Native.sqlite_open(request, clock(10_000)),
         {:ok, lease} = Native.sqlite_lend(connection),
         {:ok, _} <-
           query(connection, lease, "CREATE TABLE IF NOT EXISTS t (x)", :itself, 10_000),
         do: {:ok, connection}
  end

  defp query(connection, lease, sql, within, left_ms),
    do: Native.sqlite_query(connection, lease, {sql, within, 1_000_000}, [], clock(left_ms))

  defp clock(left_ms), do: {:os.system_time(:microsecond), left_ms * 1_000}

  @reasons [
    :busy,
    :timeout,
    :cancelled,
    :open_transaction,
    :rolled_back,
    :syntax,
    :failed,
    :read_only
  ]

  # Whatever is said, it is one of what there is to say.
  defp known({:ok, _value} = result), do: result
  defp known({:error, reason} = result) when reason in [:in_use, :closed, :stale], do: result

  defp known({:error, {reason, _code, message}} = result) do
    assert reason in @reasons, "#{reason}: #{message}"
    result
  end
end
