defmodule Cantilever.DatabaseWorker.RowStream do
  @moduledoc false
  # The rows of a statement, a chunk at a time. The connection is lent for as long as they are enumerated.

  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Lease
  alias Cantilever.Native

  @spec new(GenServer.server(), String.t(), list, map) :: Enumerable.t()
  def new(worker, sql, params, options) do
    Stream.resource(
      fn -> begin(worker, sql, params, options) end,
      &next(&1, sql, options),
      &finish/1
    )
  end

  # The first chunk is read here, as its statement may have to be tried again.
  defp begin(worker, sql, params, options) do
    deadline = Deadline.new(options.timeout)

    case Lease.check_out(worker, :reader, deadline) do
      {:ok, lease} -> begin_with(lease, sql, params, options, deadline)
      {:error, error} -> raise error
    end
  end

  # Nobody calls finish/1 for what has not begun.
  defp begin_with(lease, sql, params, options, deadline) do
    first(lease, sql, params, options, deadline)
  catch
    kind, reason ->
      Lease.check_in(lease, :left_open)
      :erlang.raise(kind, reason, __STACKTRACE__)
  end

  defp first(lease, sql, params, options, deadline) do
    request = {sql, :read, lease.max_result}

    # What was begun and has failed is over, also if only a lock was in its way.
    attempt = fn clock ->
      with {:ok, cursor} <-
             Native.sqlite_cursor_open(lease.connection, lease.number, request, params),
           {:ok, chunk} <- Native.sqlite_cursor_next(cursor, options.chunk_rows, clock) do
        {:ok, {cursor, chunk}}
      else
        # The thread of the attempt before has not quite ended.
        {:error, :in_use} -> {:error, {:busy, nil, "the connection is in use"}}
        {:error, failure} -> {:error, failure}
      end
    end

    case Lease.call(lease, deadline, sql, attempt) do
      {:ok, {cursor, chunk}} ->
        {chunk, cursor, lease}

      {:error, error} ->
        raise read_only(error)
    end
  end

  defp next({nil, _cursor, _lease} = state, _sql, _options), do: {:halt, state}

  defp next({{:last, rows}, cursor, lease}, _sql, _options), do: {rows, {nil, cursor, lease}}

  defp next({{:more, rows}, cursor, lease}, _sql, _options),
    do: {rows, {:unread, cursor, lease}}

  defp next({:unread, cursor, lease}, sql, options) do
    deadline = Deadline.new(options.timeout)

    native = &Native.sqlite_cursor_next(cursor, options.chunk_rows, &1)

    case Lease.call(lease, deadline, sql, native) do
      {:ok, chunk} -> next({chunk, cursor, lease}, sql, options)
      {:error, error} -> raise error
    end
  end

  # The thread lets go of the connection in its own time, for which the worker waits.
  @spec finish({term, reference, Lease.t()}) :: :ok
  def finish({_chunk, cursor, lease}) do
    Native.sqlite_cursor_close(cursor)
  rescue
    # After an upgrade of the library, the old one closes the cursor, once nobody refers to it.
    Cantilever.StaleHandle -> :ok
  after
    Lease.check_in(lease, :left_open)
  end

  defp read_only(%Error{reason: :writes} = error), do: %{error | reason: :read_only}
  defp read_only(error), do: error
end
