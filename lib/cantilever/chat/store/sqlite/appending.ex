defmodule Cantilever.Chat.Store.SQLite.Appending do
  @moduledoc false
  # How a list of entries gets into the database: by one native call, or one transaction where there is more to do than to insert.

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store.SQLite.Config
  alias Cantilever.Chat.Store.SQLite.Table
  alias Cantilever.DatabaseWorker

  # Errors that say something about the values of one entry, and nothing about the others.
  @of_an_entry [:constraint, :parameter, :too_big]

  @spec append(Config.t(), [Cantilever.Chat.Entry.t()], integer) ::
          Cantilever.Chat.Store.appended()
  def append(config, entries, at_ms) do
    case Table.with_table(config, fn -> insert(config, Enum.map(entries, &params(&1, at_ms))) end) do
      {:ok, places} ->
        {:ok, outcomes(entries, places, at_ms)}

      {:error, %DatabaseWorker.Error{reason: :uncertain} = error} ->
        {:unknown, Table.error(error)}

      {:error, error} ->
        {:error, Table.error(error)}
    end
  end

  defp params(entry, at_ms), do: [entry.room_id, entry.user_id, entry.id, at_ms, entry.json]

  # A place is a sequence number, {:known, row}, or an error. Most lists are of new entries alone.
  defp insert(%{keep: :all} = config, rows) do
    case DatabaseWorker.query_many(config.worker, Table.insert_new(), rows,
           timeout: config.timeout
         ) do
      {:ok, results} ->
        {:ok, Enum.map(results, &place/1)}

      {:error, %DatabaseWorker.Error{reason: reason}} when reason in @of_an_entry ->
        transaction(config, rows)

      {:error, error} ->
        {:error, error}
    end
  end

  defp insert(config, rows), do: transaction(config, rows)

  # What is known is looked up here too: afterwards, an answer that cannot be had would be one about entries that are stored.
  defp transaction(config, rows) do
    DatabaseWorker.transaction(
      config.worker,
      fn transaction ->
        with {:ok, places} <- together(transaction, rows),
             {:ok, places} <- look_up(transaction, rows, places),
             :ok <- trim(transaction, rows, places, config.keep) do
          places
        else
          {:error, error} -> DatabaseWorker.rollback(transaction, error)
        end
      end,
      timeout: config.timeout
    )
  end

  # A batch, and a statement, that fails leaves the transaction as it was before it.
  defp together(transaction, rows) do
    case DatabaseWorker.query_many(transaction, Table.insert_unknown(), rows) do
      {:ok, results} ->
        {:ok, Enum.map(results, &place/1)}

      {:error, %DatabaseWorker.Error{reason: reason}} when reason in @of_an_entry ->
        one_by_one(transaction, rows)

      {:error, error} ->
        {:error, error}
    end
  end

  defp one_by_one(transaction, rows) do
    Enum.reduce_while(rows, {:ok, []}, fn row, {:ok, places} ->
      case DatabaseWorker.query(transaction, Table.insert_unknown(), row) do
        {:ok, result} ->
          {:cont, {:ok, [place(result) | places]}}

        {:error, %{reason: reason} = error} when reason in @of_an_entry ->
          {:cont, {:ok, [error | places]}}

        {:error, error} ->
          {:halt, {:error, error}}
      end
    end)
    |> case do
      {:ok, places} -> {:ok, Enum.reverse(places)}
      error -> error
    end
  end

  defp place(%{rows: [[seq]]}), do: seq
  defp place(%{rows: []}), do: :known

  defp look_up(transaction, rows, places) do
    ids =
      for {[room_id, user_id, id | _], :known} <- Enum.zip(rows, places),
          do: [room_id, user_id, id]

    with [_ | _] <- ids,
         {:ok, results} <- DatabaseWorker.query_many(transaction, Table.known(), ids) do
      {:ok, fill_in(places, results)}
    else
      [] -> {:ok, places}
      {:error, error} -> {:error, error}
    end
  end

  defp fill_in([:known | places], [%{rows: [row]} | results]),
    do: [{:known, row} | fill_in(places, results)]

  defp fill_in([place | places], results), do: [place | fill_in(places, results)]
  defp fill_in([], []), do: []

  defp trim(_transaction, _rows, _places, :all), do: :ok

  defp trim(transaction, rows, places, keep) do
    last =
      for {[room_id | _], seq} when is_integer(seq) <- Enum.zip(rows, places),
          into: %{},
          do: {room_id, seq}

    case for({room_id, seq} when seq > keep <- last, do: [room_id, seq - keep]) do
      [] ->
        :ok

      bounds ->
        with {:ok, _results} <- DatabaseWorker.query_many(transaction, Table.trim(), bounds),
             do: :ok
    end
  end

  defp outcomes(entries, places, at_ms) do
    for {entry, place} <- Enum.zip(entries, places) do
      case place do
        {:known, row} -> {:duplicate, Table.message(entry.room_id, row)}
        %DatabaseWorker.Error{} = error -> {:error, Table.error(error, :refused)}
        seq -> {:ok, Message.new(entry, seq, at_ms)}
      end
    end
  end
end
