defmodule Cantilever.DatabaseWorker do
  @moduledoc """
  A supervised SQLite database: one connection that writes, several that read, and statements that stop with their caller.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> {:ok, _result} = Cantilever.DatabaseWorker.query(database, "CREATE TABLE users (name TEXT, age INTEGER)")
      iex> {:ok, _result} = Cantilever.DatabaseWorker.query(database, "INSERT INTO users VALUES (?, ?)", ["Ada", 36])
      iex> {:ok, result} = Cantilever.DatabaseWorker.query(database, "SELECT name FROM users WHERE age > :age", age: 30)
      iex> result.rows
      [["Ada"]]

  In a tree of supervisors it is a child like any other, and any number of them may run:

      children = [
        {Cantilever.DatabaseWorker, name: MyApp.Database, path: "/var/lib/my_app/app.db"}
      ]

  ## Options

  #{Cantilever.DatabaseWorker.Options.docs()}

  ## Types

  | Elixir | SQLite | back in Elixir |
  |---|---|---|
  | `nil` | NULL | `nil` |
  | an integer of 64 bits | INTEGER | the integer |
  | a float | REAL | the float |
  | a UTF-8 binary | TEXT | the binary |
  | `{:blob, binary}` | BLOB | `{:blob, binary}` |
  | `true`, `false` | INTEGER | 1, 0 |
  | `Date`, `Time`, `NaiveDateTime`, `DateTime` | TEXT, as ISO 8601 | the text |

  Anything else is refused by an error that names the parameter. Parameters are a list for `?`, and a map or a keyword list for `:name`,
  `@name` and `$name` (a map where a name is `:blob`, as `[blob: "x"]` is a list of one blob). A column's affinity may change a value when it is stored, as SQLite documents it: a text of digits becomes an integer
  in an INTEGER column, and -0.0 becomes 0.0.
  """

  alias Cantilever.DatabaseWorker.Backup
  alias Cantilever.DatabaseWorker.CallOptions
  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Lease
  alias Cantilever.DatabaseWorker.Options
  alias Cantilever.DatabaseWorker.Params
  alias Cantilever.DatabaseWorker.Result
  alias Cantilever.DatabaseWorker.RowStream
  alias Cantilever.DatabaseWorker.Server
  alias Cantilever.DatabaseWorker.Statement
  alias Cantilever.DatabaseWorker.Transaction
  alias Cantilever.Native

  # The timeout of what goes through the whole file.
  @long 60_000

  @typedoc "A value of a row."
  @type value :: nil | integer | float | binary | {:blob, binary}

  @typedoc "A value for a parameter."
  @type param ::
          value | boolean | Date.t() | Time.t() | NaiveDateTime.t() | DateTime.t()

  @typedoc "The values for one run of a statement."
  @type params :: [param] | [{atom, param}] | %{(atom | String.t()) => param}

  @typedoc "A worker's pid or name, or in the function of a transaction that transaction."
  @type worker :: GenServer.server()

  @typedoc "What a worker takes: see the module's documentation."
  @type option ::
          {:name, GenServer.name()}
          | {:path, String.t()}
          | {:readers, non_neg_integer}
          | {:synchronous, :full | :normal}
          | {:max_queue, pos_integer}
          | {:statement_cache, pos_integer}
          | {:progress_steps, non_neg_integer}
          | {:max_bytes, pos_integer}
          | {:max_result_bytes, pos_integer}

  @typedoc """
  `:timeout` in ms counts all that a call waits for, in the queue, for locks and for the statement itself; 5000 by default. `:mode` says which
  connection runs the statement: `:read` one of the readers, `:write` the writer; `:auto`, the default, finds out by itself.
  """
  @type query_option :: {:timeout, pos_integer | :infinity} | {:mode, :auto | :read | :write}

  @doc "A specification for a supervisor, with the name of the worker as its id."
  @spec child_spec([option]) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: Keyword.get(options, :name) || __MODULE__,
      start: {__MODULE__, :start_link, [options]}
    }
  end

  @doc """
  Starts a worker that is linked to the caller.

  It starts whether or not the database can be opened, and tries until it can; meanwhile calls give the reason `:unavailable`.
  Raises `ArgumentError` for a wrong option.
  """
  @spec start_link([option]) :: GenServer.on_start()
  def start_link(options) do
    options = Options.new!(options)

    # Raises where the kit was built without SQLite, which no later attempt to open the database would change.
    _ = Native.sqlite_version()
    Server.start_link(options)
  end

  @doc """
  Runs a statement.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> {:ok, result} = Cantilever.DatabaseWorker.query(database, "SELECT ?1 + 1", [1])
      iex> result.rows
      [[2]]

  A statement outside of a transaction is one of its own. It is stopped when the timeout passes and when its caller dies: it, and never
  one that comes after it. Waiting for a lock that another program holds holds no thread.

  Raises `ArgumentError` for SQL that is no binary and for a wrong option; all else is an error to act on.
  """
  @spec query(worker | Transaction.t(), String.t(), params, [query_option]) ::
          {:ok, Result.t()} | {:error, Error.t()}
  def query(worker, sql, params \\ [], options \\ []) do
    options = CallOptions.new!(options, [:timeout, :mode], "query/4")
    deadline = Deadline.new(options.timeout)

    with :ok <- Statement.check(sql),
         {:ok, params} <- Params.encode(params) do
      query(worker, sql, params, options.mode, deadline)
    end
  end

  defp query(worker, sql, params, mode, deadline) do
    role = Statement.role(sql, mode)
    result = on_connection(worker, role, deadline, &run(&1, &2, sql, params, &3))

    case result do
      # Only preparing it finds out that it writes.
      {:error, %Error{reason: :writes}} when mode == :auto ->
        query(worker, sql, params, :write, deadline)

      {:error, %Error{reason: :writes} = error} ->
        {:error, %{error | reason: :read_only}}

      result ->
        result
    end
  end

  @doc "As `query/4`, but gives the result and raises the error."
  @spec query!(worker | Transaction.t(), String.t(), params, [query_option]) :: Result.t()
  def query!(worker, sql, params \\ [], options \\ []),
    do: bang(query(worker, sql, params, options))

  @doc """
  Runs a statement once for each of `bindings`, all of them or none.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> Cantilever.DatabaseWorker.query!(database, "CREATE TABLE words (word TEXT)")
      iex> sql = "INSERT INTO words VALUES (?) RETURNING rowid"
      iex> {:ok, results} = Cantilever.DatabaseWorker.query_many(database, sql, [["one"], ["two"]])
      iex> Enum.map(results, & &1.rows)
      [[[1]], [[2]]]

  Outside of a transaction it is one of its own, begun and committed in one native call: that is by far the quickest way to write much.
  There is a result for each binding, in their order. The options are those of `query/4`, without `:mode`.
  """
  @spec query_many(worker | Transaction.t(), String.t(), [params], timeout: timeout) ::
          {:ok, [Result.t()]} | {:error, Error.t()}
  def query_many(worker, sql, bindings, options \\ []) do
    options = CallOptions.new!(options, [:timeout], "query_many/4")
    deadline = Deadline.new(options.timeout)

    with :ok <- Statement.check(sql),
         {:ok, bindings} <- Params.encode_many(bindings) do
      on_connection(worker, :writer, deadline, fn lease, within, deadline ->
        request = {sql, within, lease.max_result}

        native = &Native.sqlite_query_many(lease.connection, lease.number, request, bindings, &1)

        with {:ok, {columns, runs}} <- Lease.call(lease, deadline, sql, native) do
          {:ok, Enum.map(runs, fn {rows, changes, id} -> result(columns, rows, changes, id) end)}
        end
      end)
    end
  end

  @doc "As `query_many/4`, but gives the results and raises the error."
  @spec query_many!(worker | Transaction.t(), String.t(), [params], timeout: timeout) ::
          [Result.t()]
  def query_many!(worker, sql, bindings, options \\ []),
    do: bang(query_many(worker, sql, bindings, options))

  @doc """
  Runs `fun` with a transaction, and commits what it has done.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> Cantilever.DatabaseWorker.transaction(database, fn transaction ->
      ...>   Cantilever.DatabaseWorker.query!(transaction, "CREATE TABLE t (x)")
      ...>   Cantilever.DatabaseWorker.rollback(transaction, :not_today)
      ...> end)
      {:error, :not_today}

  Gives `{:ok, value}` with what `fun` has returned, whatever that is; what it raises, throws or exits with goes through to the caller.
  In each of these cases but the first, and when the caller dies, all is rolled back. The transaction has the writer from its beginning
  (`BEGIN IMMEDIATE`), so keep it short, and write in it by `transaction`: a write by the worker itself would wait for it. `:timeout` counts from the call to the commit, 5000 ms by default, and ends the statements of
  the transaction too.
  """
  @spec transaction(worker, (Transaction.t() -> value), timeout: timeout) ::
          {:ok, value} | {:error, Error.t() | term}
        when value: term
  def transaction(worker, fun, options \\ []) when is_function(fun, 1) do
    options = CallOptions.new!(options, [:timeout], "transaction/3")

    if is_struct(worker, Transaction),
      do: raise(ArgumentError, "a transaction cannot be begun in another one")

    deadline = Deadline.new(options.timeout)

    Lease.with_connection(worker, :writer, deadline, fn lease ->
      with {:ok, :ok} <- transact(lease, :begin, deadline) do
        transaction = %Transaction{lease: lease, deadline: deadline, ref: make_ref()}
        in_transaction(transaction, fun)
      end
    end)
  end

  @doc """
  Ends the function of a transaction here, rolls the transaction back, and has `transaction/3` give `{:error, reason}`.
  """
  @spec rollback(Transaction.t(), term) :: no_return
  def rollback(%Transaction{ref: ref}, reason), do: throw({ref, reason})

  defp in_transaction(%Transaction{lease: lease, ref: ref} = transaction, fun) do
    fun.(transaction)
  catch
    :throw, {^ref, reason} ->
      with {:ok, :ok} <- transact(lease, :roll_back, Deadline.new(:infinity)),
           do: {:error, reason}
  else
    value -> commit(transaction, value)
  end

  # A commit that another program holds up is waited for, and then rolled back, so that it is known what is stored.
  defp commit(%Transaction{lease: lease, deadline: deadline}, value) do
    case transact(lease, :commit, deadline) do
      {:ok, :ok} ->
        {:ok, value}

      # Nothing to be learned from what becomes of the connection, which is replaced.
      {:error, %Error{reason: :uncertain} = error} ->
        {:error, error}

      {:error, error} ->
        with {:ok, :ok} <- transact(lease, :roll_back, Deadline.new(:infinity)),
             do: {:error, error}
    end
  end

  defp transact(lease, step, deadline) do
    native = &Native.sqlite_transact(lease.connection, lease.number, step, &1)
    Lease.call(lease, deadline, nil, native)
  end

  @doc """
  Gives the rows of a statement that reads, as a stream that holds a chunk of them at a time.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
      iex> database |> Cantilever.DatabaseWorker.stream(sql) |> Enum.take(3)
      [[1], [2], [3]]

  While it is enumerated it has one of the readers, and with it the database as it was at the beginning; where there are no readers, it
  has the writer. The connection is free again at the end, when the enumeration is left, and when its process dies. Errors are raised, as
  `Cantilever.DatabaseWorker.Error`. The options are `:timeout`, for each chunk, 5000 ms by default, and `:chunk_rows`, at most how many
  rows are read at a time, 500 by default; chunks of wide rows are smaller.
  """
  @spec stream(worker, String.t(), params,
          timeout: timeout,
          chunk_rows: pos_integer
        ) :: Enumerable.t()
  def stream(worker, sql, params \\ [], options \\ []) do
    options = CallOptions.new!(options, [:timeout, :chunk_rows], "stream/4")

    if is_struct(worker, Transaction),
      do: raise(ArgumentError, "a stream cannot be read in a transaction: give it the worker")

    with :ok <- Statement.check(sql),
         {:ok, params} <- Params.encode(params) do
      RowStream.new(worker, sql, params, options)
    else
      {:error, error} -> raise error
    end
  end

  @doc """
  Checks the whole file, and whether its indexes agree with its tables.

      iex> {:ok, database} = Cantilever.DatabaseWorker.start_link(path: ":memory:")
      iex> Cantilever.DatabaseWorker.integrity_check(database)
      :ok

  What is wrong is an error with the reason `:corrupt`, whose message says it. Reads all of the file, beside what others read and write.
  `:timeout` is 60000 ms by default.
  """
  @spec integrity_check(worker, timeout: timeout) :: :ok | {:error, Error.t()}
  def integrity_check(worker, options \\ []) do
    options = CallOptions.new!(options, [:timeout], "integrity_check/2", timeout: @long)
    deadline = Deadline.new(options.timeout)

    case query(worker, "PRAGMA integrity_check(20)", [], :read, deadline) do
      {:ok, %Result{rows: [["ok"]]}} ->
        :ok

      {:ok, %Result{rows: rows}} ->
        {:error, %Error{reason: :corrupt, message: Enum.map_join(rows, "; ", &hd/1)}}

      {:error, error} ->
        {:error, error}
    end
  end

  @doc """
  Writes a copy of the database, as it is when the call begins, into the file `path`, while others go on reading and writing.

      :ok = Cantilever.DatabaseWorker.backup(MyApp.Database, "/backups/app.db")

  The copy is written beside `path` and gets its name when it is complete and on the disk, so there is never half of one; a file that
  had the name before is replaced, unless it is a database that is in use. The copy is compact (`VACUUM INTO`). It holds one of the
  readers meanwhile. `:timeout` is 60000 ms by default.
  """
  @spec backup(worker, Path.t(), timeout: timeout) :: :ok | {:error, Error.t()}
  def backup(worker, path, options \\ []) do
    options = CallOptions.new!(options, [:timeout], "backup/3", timeout: @long)
    deadline = Deadline.new(options.timeout)

    Backup.write(path, fn temporary ->
      Lease.with_connection(worker, :reader, deadline, fn lease ->
        native = &Native.sqlite_backup(lease.connection, lease.number, temporary, &1)
        Lease.call_elsewhere(lease, deadline, "VACUUM INTO", native)
      end)
    end)
  end

  @doc "The version of SQLite, which is part of the kit's library."
  @spec sqlite_version() :: String.t()
  def sqlite_version, do: Native.sqlite_version()

  defp on_connection(%Transaction{} = transaction, _role, deadline, fun),
    do: fun.(transaction.lease, :transaction, Deadline.sooner(deadline, transaction.deadline))

  defp on_connection(worker, role, deadline, fun) do
    within = if role == :reader, do: :read, else: :itself
    Lease.with_connection(worker, role, deadline, &fun.(&1, within, deadline))
  end

  defp run(lease, within, sql, params, deadline) do
    request = {sql, within, lease.max_result}
    native = &Native.sqlite_query(lease.connection, lease.number, request, params, &1)

    with {:ok, {columns, rows, changes, id}} <- Lease.call(lease, deadline, sql, native),
         do: {:ok, result(columns, rows, changes, id)}
  end

  defp result(columns, rows, changes, id) do
    %Result{columns: columns, rows: rows, changes: changes, last_insert_rowid: id}
  end

  defp bang({:ok, result}), do: result
  defp bang({:error, error}), do: raise(error)
end
