defmodule Cantilever.Chat.Store.SQLiteTest do
  use ExUnit.Case, async: true

  @moduletag :tmp_dir
  @moduletag :capture_log

  use Cantilever.StoreCases

  import Cantilever.Eventually

  alias Cantilever.Chat.Store.SQLite
  alias Cantilever.DatabaseWorker
  alias Cantilever.MessageQueue

  doctest Cantilever.Chat.Store.SQLite

  defp start!(options) do
    chat = :"sqlite_test_#{System.unique_integer([:positive])}"
    path = Path.join(tmp_dir(), "#{chat}.db")
    start!(chat, Keyword.merge([path: path, database: [synchronous: :normal]], options))
  end

  defp start!(chat, options) do
    for spec <- Store.child_specs(chat, {SQLite, options}), do: start_supervised!(spec)
    Store.new(chat, {SQLite, options})
  end

  setup %{tmp_dir: tmp_dir} do
    Process.put(:tmp_dir, tmp_dir)
    :ok
  end

  defp tmp_dir, do: Process.get(:tmp_dir)

  defp worker({SQLite, config}), do: config.worker

  test "what was appended is there when the database is opened again", %{tmp_dir: tmp_dir} do
    options = [path: Path.join(tmp_dir, "again.db")]
    store = start!(:sqlite_test_first, options)
    messages = append!(store, [entry("a", id: "x"), entry("a")])
    stop_supervised!(worker(store))

    store = start!(:sqlite_test_second, options)
    assert Store.recent(store, "a", 9) == {:ok, messages}

    assert {:ok, [duplicate: %{seq: 1}, ok: %{seq: 3}]} =
             Store.append(store, [entry("a", id: "x"), entry("a")])
  end

  test "a room's numbers go on where the largest is, whoever wrote it" do
    store = start!([])
    append!(store, [entry("a")])

    {:ok, _result} =
      DatabaseWorker.query(
        worker(store),
        "INSERT INTO cantilever_messages VALUES ('a', 41, 'bo', NULL, 0, '0')"
      )

    assert [%{seq: 42}] = append!(store, [entry("a")])
  end

  test "the table is made again when it is gone" do
    store = start!([])
    append!(store, [entry("a")])
    {:ok, _result} = DatabaseWorker.query(worker(store), "DROP TABLE cantilever_messages")
    assert Store.recent(store, "a", 9) == {:ok, []}
    assert [%{seq: 1}] = append!(store, [entry("a")])
  end

  test "reading waits for nobody who writes, also where there is no table yet" do
    store = start!([])

    assert {:ok, {:ok, []}} =
             DatabaseWorker.transaction(worker(store), fn _transaction ->
               Store.recent(store, "a", 9)
             end)
  end

  test "a table that is another one is an error" do
    store = start!([])

    {:ok, _result} =
      DatabaseWorker.query(worker(store), "CREATE TABLE cantilever_messages (room TEXT)")

    assert {:error, %Store.Error{reason: :failed, cause: %DatabaseWorker.Error{}}} =
             Store.append(store, [entry("a")])

    assert {:error, %Store.Error{reason: :failed}} = Store.recent(store, "a", 9)
  end

  test "a database that is not there is an error, and nothing waits for it" do
    store = Store.new(:sqlite_test_nobody, {SQLite, worker: :sqlite_test_nobody_started_it})
    assert {:error, %Store.Error{reason: :unavailable}} = Store.append(store, [entry("a")])
    assert {:error, %Store.Error{reason: :unavailable}} = Store.recent(store, "a", 9)
  end

  for keep <- [:all, 3] do
    test "an entry that the database refuses holds up no other (keep: #{keep})" do
      store = start!(keep: unquote(keep), database: [synchronous: :normal, max_bytes: 1_000])
      large = entry("a", json: String.duplicate("1", 2_000))

      assert {:ok,
              [ok: %{seq: 1}, error: error, ok: %{seq: 2}, duplicate: %{seq: 1}, ok: %{seq: 1}]} =
               Store.append(store, [
                 entry("a", id: "x"),
                 large,
                 entry("a"),
                 entry("a", id: "x"),
                 entry("b")
               ])

      assert %Store.Error{reason: :refused, cause: %DatabaseWorker.Error{reason: :too_big}} =
               error

      assert [%{seq: 3}] = append!(store, [entry("a")])
    end
  end

  for keep <- [:all, 3] do
    test "an id that is known needs no reader, and holds up none of the list (keep: #{keep})" do
      store =
        start!(keep: unquote(keep), timeout: 500, database: [synchronous: :normal, readers: 1])

      [first, second] = append!(store, [entry("a", id: "x", json: "0"), entry("a", id: "y")])
      test = self()

      reading =
        spawn_link(fn ->
          worker(store)
          |> DatabaseWorker.stream("SELECT 1")
          |> Enum.each(fn _row ->
            send(test, :reading)
            receive do: (:stop -> :ok)
          end)
        end)

      assert_receive :reading

      assert {:ok, [duplicate: ^second, ok: %{seq: 3}, duplicate: ^first, ok: %{seq: 4} = fourth]} =
               Store.append(store, [
                 entry("a", id: "y", json: "2"),
                 entry("a"),
                 entry("a", id: "x"),
                 entry("a", id: "z")
               ])

      assert Store.append(store, [entry("a", id: "z")]) == {:ok, [duplicate: fourth]}
      send(reading, :stop)
    end
  end

  test "the index of ids is made again when it is gone" do
    store = start!([])
    [message] = append!(store, [entry("a", id: "x")])
    {:ok, _result} = DatabaseWorker.query(worker(store), "DROP INDEX cantilever_messages_ids")
    assert {:ok, [duplicate: ^message]} = Store.append(store, [entry("a", id: "x")])
    {:ok, _result} = DatabaseWorker.query(worker(store), "DROP INDEX cantilever_messages_ids")
    assert [%{seq: 2}] = append!(store, [entry("a", id: "y")])
    assert {:ok, [duplicate: %{seq: 2}]} = Store.append(store, [entry("a", id: "y")])
  end

  describe "a smaller keep:" do
    test "takes away what is too much in parts", %{tmp_dir: tmp_dir} do
      path = Path.join(tmp_dir, "smaller.db")
      store = start!(:sqlite_test_all, path: path)
      append!(store, for(number <- 1..2_500, do: entry("a", json: "#{number}")))
      stop_supervised!(worker(store))

      store = start!(:sqlite_test_few, path: path, keep: 10)

      for first <- [1_001, 2_001, 2_494] do
        append!(store, [entry("a")])
        assert {:ok, [%{seq: ^first} | _]} = Store.recent(store, "a", 9_999)
      end
    end
  end

  test "a database that another program has locked is an error, and goes on by itself", %{
    tmp_dir: tmp_dir
  } do
    path = Path.join(tmp_dir, "locked.db")
    store = start!(:sqlite_test_locked, path: path)
    hasty = Store.new(:sqlite_test_locked, {SQLite, path: path, timeout: 20})
    [message] = append!(store, [entry("a")])
    test = self()

    start_supervised!({DatabaseWorker, name: :sqlite_test_other, path: path})

    other =
      Task.async(fn ->
        DatabaseWorker.transaction(:sqlite_test_other, fn _transaction ->
          send(test, :locked)
          receive do: (:unlock -> :ok)
        end)
      end)

    assert_receive :locked
    assert {:error, %Store.Error{reason: :unavailable}} = Store.append(hasty, [entry("a")])
    assert {:error, %Store.Error{reason: :unavailable}} = Store.settle(hasty)
    assert Store.recent(store, "a", 9) == {:ok, [message]}
    send(other.pid, :unlock)
    assert {:ok, :ok} = Task.await(other)
    assert [%{seq: 2}] = append!(store, [entry("a")])
  end

  describe "behind a queue, with a worker that is killed again and again" do
    # Known by its id, so it may be sent until it is acknowledged.
    defp insist(queue, entry, test) do
      case MessageQueue.put(queue, entry, timeout: :infinity) do
        {:ok, {_outcome, message}} -> send(test, {:acknowledged, message})
        {:error, %MessageQueue.Error{}} -> insist(queue, entry, test)
      end
    end

    defp kill(name),
      do: with(pid when pid != nil <- GenServer.whereis(name), do: Process.exit(pid, :kill))

    test "every message is stored once, and in the order of its sender" do
      store = start!([])

      commit = fn entries ->
        with {:ok, outcomes} <- Store.append(store, entries),
             do: {:ok, Enum.map(outcomes, &{:ok, &1})}
      end

      queue =
        start_supervised!({MessageQueue, commit: commit, backoff_min_ms: 1, backoff_max_ms: 5})

      test = self()

      for sender <- 1..20 do
        spawn_link(fn ->
          for number <- 1..50 do
            insist(
              queue,
              entry("a", user_id: "#{sender}", id: "#{number}", json: "#{number}"),
              test
            )
          end
        end)
      end

      acknowledged =
        for number <- 1..1_000 do
          if rem(number, 30) == 0, do: kill(worker(store))
          assert_receive {:acknowledged, message}
          message
        end

      # It may just be opening the database again.
      eventually(fn -> match?({:ok, _messages}, Store.recent(store, "a", 0)) end)
      {:ok, stored} = Store.recent(store, "a", 9_999)
      assert Enum.map(stored, & &1.seq) == Enum.to_list(1..1_000)
      assert Enum.sort_by(acknowledged, & &1.seq) == stored

      for {_user, messages} <- Enum.group_by(stored, & &1.user_id) do
        assert Enum.map(messages, & &1.json) == Enum.map(1..50, &"#{&1}")
      end

      eventually(fn -> DatabaseWorker.integrity_check(worker(store)) == :ok end)
    end
  end

  describe "a statement" do
    # Each finds its rows by keys: none goes through the table, and none sorts.
    test "scans nothing" do
      store = start!([])
      append!(store, [entry("a", id: "x")])

      for {sql, params} <- SQLite.Table.statements() do
        {:ok, result} =
          DatabaseWorker.query(
            worker(store),
            "EXPLAIN QUERY PLAN " <> sql,
            List.duplicate(nil, params)
          )

        plan = Enum.map_join(result.rows, "\n", &List.last/1)
        refute plan =~ ~r/SCAN (?!CONSTANT)/, plan
        refute plan =~ "TEMP B-TREE", plan
      end
    end
  end

  describe "options" do
    test "are checked where they are given" do
      for {options, words} <- [
            {[], "either the option :path"},
            {[path: "a.db", worker: MyApp.Database], "either the option :path"},
            {[worker: MyApp.Database, database: [readers: 1]], "either the option :path"},
            {[path: "a.db", database: %{}], "keyword list"},
            {[path: "a.db", keep: 0], ":keep"},
            {[path: "a.db", kept: 1], ":kept"},
            {[path: ""], ":path"},
            {[path: "a.db", timeout: 0], ":timeout"}
          ] do
        error = assert_raise ArgumentError, fn -> Store.new(:chat, {SQLite, options}) end
        assert error.message =~ words
        assert_raise ArgumentError, fn -> Store.child_specs(:chat, {SQLite, options}) end
      end
    end

    test "may name a worker that runs already" do
      assert Store.child_specs(:chat, {SQLite, worker: MyApp.Database}) == []
      store = start!([])
      append!(store, [entry("a")])
      other = Store.new(:another_chat, {SQLite, worker: worker(store)})
      assert {:ok, [%{seq: 1}]} = Store.recent(other, "a", 9)
    end
  end
end
