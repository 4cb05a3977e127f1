defmodule Cantilever.DatabaseWorker.StreamTest do
  use ExUnit.Case, async: true

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Lease
  alias Cantilever.DatabaseWorker.RowStream

  @moduletag :tmp_dir

  @numbers "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

  # With one reader, whoever does not give it back is found out by the next one who reads.
  setup context do
    path = Path.join(context.tmp_dir, "test.db")
    {:ok, database: start_supervised!({DatabaseWorker, path: path, readers: 1})}
  end

  defp assert_reads(database),
    do: assert(DatabaseWorker.query!(database, "SELECT 1", [], mode: :read).rows == [[1]])

  test "gives all rows in order, in chunks of any size", %{database: database} do
    expected = for i <- 1..1_234, do: [i, "row #{i}"]
    sql = @numbers <> " LIMIT 1234"
    sql = "SELECT i, 'row ' || i FROM (#{sql})"

    for chunk_rows <- [1, 7, 500, 1_234, 100_000] do
      stream = DatabaseWorker.stream(database, sql, [], chunk_rows: chunk_rows)
      assert Enum.to_list(stream) == expected
    end

    assert Enum.to_list(DatabaseWorker.stream(database, "SELECT 1 WHERE false")) == []
  end

  test "gives texts and blobs of any length, and what they are bound to", %{database: database} do
    for size <- [0, 1, 64, 65, 1_000_000] do
      text = String.duplicate("a", size)

      assert [[^text, {:blob, ^text}, nil, 1.5, -7]] =
               database
               |> DatabaseWorker.stream("SELECT :a, :b, NULL, 1.5, -7",
                 a: text,
                 b: {:blob, text}
               )
               |> Enum.to_list()
    end
  end

  test "is left half-way, and gives its connection back", %{database: database} do
    for _ <- 1..20 do
      assert [[1], [2]] = database |> DatabaseWorker.stream(@numbers) |> Enum.take(2)
      assert_reads(database)
    end
  end

  test "gives its connection back when its process is killed", %{database: database} do
    test = self()

    {pid, monitor} =
      spawn_monitor(fn ->
        database
        |> DatabaseWorker.stream(@numbers)
        |> Enum.each(fn [i] -> if i == 1_000, do: send(test, :reading) end)
      end)

    assert_receive :reading
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
    assert_reads(database)
  end

  test "holds a chunk of the rows at a time", %{database: database} do
    sql = "SELECT i, zeroblob(10000) FROM (#{@numbers} LIMIT 20000)"
    :erlang.garbage_collect()

    largest =
      database
      |> DatabaseWorker.stream(sql)
      |> Stream.with_index()
      |> Enum.reduce(0, fn {_row, index}, largest ->
        if rem(index, 1_000) == 0, do: max(largest, :erlang.memory(:binary)), else: largest
      end)

    # All rows are 200 MB, and other tests have binaries too.
    assert largest < 150_000_000
  end

  test "raises an error at the chunk that takes too long", %{database: database} do
    slow = "SELECT count(*) FROM (#{@numbers})"
    stream = DatabaseWorker.stream(database, slow, [], timeout: 20)
    assert %Error{reason: :timeout} = assert_raise(Error, fn -> Enum.to_list(stream) end)
    assert_reads(database)
  end

  test "raises what is wrong with the statement, and with its parameters", %{database: database} do
    for {sql, params, reason} <- [
          {"SELEC 1", [], :syntax},
          {"SELECT ?", [], :parameter},
          {"CREATE TABLE t (x)", [], :read_only},
          {"SELECT 1; SELECT 2", [], :multiple_statements},
          {"SELECT 9e999", [], :value},
          {"SELECT ?", [:atom], :parameter}
        ] do
      error =
        assert_raise Error, fn ->
          database |> DatabaseWorker.stream(sql, params) |> Stream.run()
        end

      assert error.reason == reason
      assert_reads(database)
    end
  end

  test "gives its connection back whatever its beginning raises", %{database: database} do
    # The native function takes no such text.
    stream = RowStream.new(database, <<"SELECT ", 255>>, [], %{timeout: 5_000, chunk_rows: 1})

    assert_raise ArgumentError, fn -> Enum.to_list(stream) end
    assert_reads(database)
  end

  test "gives its connection back whatever becomes of its cursor", %{database: database} do
    {:ok, lease} = Lease.check_out(database, :reader, Deadline.new(5_000))
    assert_raise ArgumentError, fn -> RowStream.finish({nil, make_ref(), lease}) end
    assert_reads(database)
  end

  test "sees the database as it was at the beginning", %{database: database} do
    DatabaseWorker.query!(database, "CREATE TABLE t (x)")
    DatabaseWorker.query_many!(database, "INSERT INTO t VALUES (?)", for(i <- 1..10, do: [i]))

    rows =
      database
      |> DatabaseWorker.stream("SELECT x FROM t", [], chunk_rows: 1)
      |> Stream.each(fn [x] ->
        DatabaseWorker.query!(database, "INSERT INTO t VALUES (?)", [x + 100])
      end)
      |> Enum.to_list()

    assert length(rows) == 10
  end

  test "is refused in a transaction", %{database: database} do
    DatabaseWorker.transaction(database, fn transaction ->
      assert_raise ArgumentError, fn -> DatabaseWorker.stream(transaction, "SELECT 1") end
    end)
  end
end
