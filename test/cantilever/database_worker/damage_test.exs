defmodule Cantilever.DatabaseWorker.DamageTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.ChildVM
  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error

  @moduletag :tmp_dir

  defp start(path, options \\ []),
    do: start_supervised!({DatabaseWorker, [path: path, readers: 1] ++ options}, id: path)

  defp fill(database, rows) do
    DatabaseWorker.query!(database, "CREATE TABLE t (x, y)")
    DatabaseWorker.query!(database, "CREATE INDEX i ON t (x)")
    bindings = for i <- 1..rows, do: [i, {:blob, :binary.copy(<<i>>, 1_000)}]
    DatabaseWorker.query_many!(database, "INSERT INTO t VALUES (?, ?)", bindings)
  end

  test "a directory that is not there is waited for", %{tmp_dir: tmp_dir} do
    path = Path.join([tmp_dir, "later", "test.db"])
    database = start(path)

    assert {:error, %Error{reason: :unavailable, cause: :cannot_open} = error} =
             DatabaseWorker.query(database, "SELECT 1")

    assert error.message =~ "there is no directory #{Path.dirname(path)}"
    File.mkdir_p!(Path.dirname(path))
    eventually(fn -> match?({:ok, _}, DatabaseWorker.query(database, "SELECT 1")) end)
  end

  test "a file that is no database stays as it is", %{tmp_dir: tmp_dir} do
    path = Path.join(tmp_dir, "text.txt")
    text = String.duplicate("Not a database. ", 1_000)
    File.write!(path, text)
    database = start(path)

    for sql <- ["SELECT 1", "CREATE TABLE t (x)"] do
      assert {:error, %Error{reason: :unavailable, cause: :not_a_database}} =
               DatabaseWorker.query(database, sql)
    end

    assert File.read!(path) == text

    assert {:error, %Error{reason: :unavailable, cause: :cannot_open}} =
             DatabaseWorker.query(start(tmp_dir), "SELECT 1")
  end

  test "a damaged file is found out", %{tmp_dir: tmp_dir} do
    path = Path.join(tmp_dir, "test.db")
    whole = start(path)
    fill(whole, 200)
    assert DatabaseWorker.integrity_check(whole) == :ok
    stop_supervised!(path)

    content = File.read!(path)
    # Behind the first pages, which hold the schema.
    <<start::binary-size(12_288), _page::binary-size(40_960), rest::binary>> = content
    broken = Path.join(tmp_dir, "broken.db")
    File.write!(broken, [start, :binary.copy(<<255>>, 40_960), rest])

    database = start(broken)
    assert {:error, %Error{reason: :corrupt}} = DatabaseWorker.integrity_check(database)

    assert {:error, %Error{reason: :corrupt}} =
             DatabaseWorker.query(database, "SELECT sum(length(y)) FROM t")

    assert DatabaseWorker.query!(database, "SELECT 1").rows == [[1]]
  end

  test "a full disk is an error, after which all that was stored is there", %{tmp_dir: tmp_dir} do
    with_mount(tmp_dir, "size=1m", fn dir ->
      database = start(Path.join(dir, "test.db"))
      DatabaseWorker.query!(database, "CREATE TABLE t (x)")
      blob = {:blob, :binary.copy("x", 10_000)}

      stored =
        Enum.find(0..1_000, fn _stored ->
          match?(
            {:error, %Error{reason: :disk_full}},
            DatabaseWorker.query(database, "INSERT INTO t VALUES (?)", [blob])
          )
        end)

      assert stored in 1..999
      batch = List.duplicate([blob], 50)

      assert {:error, %Error{reason: :disk_full}} =
               DatabaseWorker.query_many(database, "INSERT INTO t VALUES (?)", batch)

      assert {:error, %Error{reason: :disk_full}} =
               DatabaseWorker.transaction(database, fn transaction ->
                 with {:error, error} <-
                        DatabaseWorker.query_many(transaction, "INSERT INTO t VALUES (?)", batch),
                      do: DatabaseWorker.rollback(transaction, error)
               end)

      assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[stored]]
      assert DatabaseWorker.integrity_check(database) == :ok

      # Room again, by what the disk itself has been given.
      {_output, 0} = System.cmd("mount", ["-o", "remount,size=64m", dir], stderr_to_stdout: true)
      assert {:ok, _} = DatabaseWorker.query_many(database, "INSERT INTO t VALUES (?)", batch)
      assert DatabaseWorker.query!(database, "SELECT count(*) FROM t").rows == [[stored + 50]]
      stop_supervised!(Path.join(dir, "test.db"))
    end)
  end

  # A limit on the size of files stands for a disk that fails: SQLite gets an error of which it does not know how far the commit has come.
  test "a commit that the system fails to write is uncertain", %{tmp_dir: tmp_dir} do
    with_limited_files(fn peer ->
      ChildVM.eval(
        peer,
        """
        spec = {Cantilever.Chat.Store.SQLite, path: path}
        specs = Cantilever.Chat.Store.child_specs(:limited, spec)
        {:ok, tree} = Supervisor.start_link(specs, strategy: :one_for_one)
        Process.unlink(tree)
        store = Cantilever.Chat.Store.new(:limited, spec)
        :persistent_term.put(:store, store)
        Cantilever.DatabaseWorker.query!(elem(store, 1).worker, "CREATE TABLE t (x)")
        # Makes the store's table.
        {:ok, []} = Cantilever.Chat.Store.recent(store, "a", 1)
        """,
        path: Path.join(tmp_dir, "test.db")
      )

      calls = [
        ~s/DatabaseWorker.query(worker, "INSERT INTO t VALUES (zeroblob(100000))")/,
        ~s/DatabaseWorker.query_many(worker, "INSERT INTO t VALUES (zeroblob(?))", [[100_000], [1]])/,
        ~s/DatabaseWorker.transaction(worker, &DatabaseWorker.query!(&1, "INSERT INTO t VALUES (zeroblob(100000))"))/
      ]

      ChildVM.limit_files(peer, 40_000)

      for call <- calls do
        assert {:error, %Error{reason: :uncertain, code: 778}} = in_store(peer, call)
        # The connection is replaced, and the database goes on.
        count = in_store(peer, ~s/DatabaseWorker.query!(worker, "SELECT count(*) FROM t")/)
        assert count.rows == [[0]]
      end

      entry = ~s(%Cantilever.Chat.Entry{room_id: "a", user_id: "ada", id: "x", json: json})

      append =
        ~s/json = Cantilever.JSON.encode!(String.duplicate("x", 100_000)); Store.append(store, [#{entry}])/

      assert {:unknown, %{reason: :unavailable, cause: %Error{reason: :uncertain}}} =
               in_store(peer, append)

      ChildVM.limit_files(peer, :unlimited)
      for call <- calls, do: assert({:ok, _result} = in_store(peer, call))
      assert {:ok, [ok: %{seq: 1}]} = in_store(peer, append)
    end)
  end

  defp in_store(peer, code) do
    ChildVM.eval(peer, """
    alias Cantilever.Chat.Store
    alias Cantilever.DatabaseWorker
    {_module, %{worker: worker}} = store = :persistent_term.get(:store)
    _ = {worker, store}
    #{code}
    """)
  end

  defp with_limited_files(fun) do
    if System.find_executable("prlimit") do
      peer = ChildVM.start_with_limits()
      on_exit(fn -> ChildVM.stop(peer) end)
      fun.(peer)
    else
      IO.puts("a test of #{inspect(__MODULE__)} needs prlimit, and was left out")
    end
  end

  test "a file that cannot be written is said to be so", %{tmp_dir: tmp_dir} do
    with_mount(tmp_dir, "size=8m", fn dir ->
      path = Path.join(dir, "test.db")
      database = start(path)
      fill(database, 5)
      stop_supervised!(path)
      {_output, 0} = System.cmd("mount", ["-o", "remount,ro", dir], stderr_to_stdout: true)

      assert {:error, %Error{reason: :unavailable, cause: cause}} =
               DatabaseWorker.query(start(path), "SELECT 1")

      assert cause in [:read_only, :cannot_open]
    end)
  end

  # Without the right to mount, there is no disk that could be full.
  defp with_mount(tmp_dir, options, fun) do
    dir = Path.join(tmp_dir, "disk")
    File.mkdir_p!(dir)
    mount = ["-t", "tmpfs", "-o", options, "tmpfs", dir]

    case mount_command(mount) do
      {_output, 0} ->
        on_exit(fn -> System.cmd("umount", ["--lazy", dir], stderr_to_stdout: true) end)
        fun.(dir)

      {output, _status} ->
        IO.puts(
          "a test of #{inspect(__MODULE__)} needs to mount a tmpfs, and was left out: #{output}"
        )
    end
  end

  defp mount_command(arguments) do
    if System.find_executable("mount"),
      do: System.cmd("mount", arguments, stderr_to_stdout: true),
      else: {"there is no mount", 1}
  end
end
