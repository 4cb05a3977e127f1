defmodule Cantilever.Chat.Store.SQLite.Appending do
  @moduledoc false
  # How a list of entries gets into the database: by one native call, or one transaction where there is more to do than to insert.

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store.Error
  alias Cantilever.Chat.Store.SQLite.Config
  alias Cantilever.Chat.Store.SQLite.Table
  alias Cantilever.DatabaseWorker

  # Errors that say something about the values of one entry, and nothing about the others.
  @of_an_entry [:constraint, :parameter, :too_big]

  @spec append(Config.t(), [Cantilever.Chat.Entry.t()], integer) ::
          Cantilever.Chat.Store.appended()
  def append(config, entries, at_ms), do: append(config, entries, at_ms, :may_repeat)

  defp append(config, entries, at_ms, repeating) do
    case Table.with_table(config, fn -> insert(config, Enum.map(entries, &params(&1, at_ms))) end) do
      {:ok, places} -> {:ok, outcomes(config, entries, places, at_ms, repeating)}
      {:error, error} -> {:error, Table.error(error)}
    end
  end

  defp params(entry, at_ms), do: [entry.room_id, entry.user_id, entry.id, at_ms, entry.json]

  # A place is a sequence number, :known, or an error.
  defp insert(config, rows) do
    case together(config, rows) do
      {:error, %DatabaseWorker.Error{reason: reason}} when reason in @of_an_entry ->
        transaction(config, rows, &one_by_one/2)

      result ->
        result
    end
  end

  defp together(%{keep: :all} = config, rows),
    do: many(config.worker, rows, timeout: config.timeout)

  defp together(config, rows), do: transaction(config, rows, &many(&1, &2, []))

  defp many(connection, rows, options) do
    with {:ok, results} <- DatabaseWorker.query_many(connection, Table.insert(), rows, options),
         do: {:ok, Enum.map(results, &place/1)}
  end

  # A statement that fails leaves the transaction as it was before it.
  defp one_by_one(transaction, rows) do
    Enum.reduce_while(rows, {:ok, []}, fn row, {:ok, places} ->
      case DatabaseWorker.query(transaction, Table.insert(), row) do
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

  defp transaction(config, rows, insert) do
    DatabaseWorker.transaction(
      config.worker,
      fn transaction ->
        with {:ok, places} <- insert.(transaction, rows),
             :ok <- trim(transaction, rows, places, config.keep) do
          places
        else
          {:error, error} -> DatabaseWorker.rollback(transaction, error)
        end
      end,
      timeout: config.timeout
    )
  end

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

  # The ids that are known are looked up when the others are safe. What has been trimmed since then is new again.
  defp outcomes(config, entries, places, at_ms, repeating) do
    for {entry, place} <- Enum.zip(entries, places) do
      case place do
        :known -> known(config, entry, at_ms, repeating)
        %DatabaseWorker.Error{} = error -> {:error, Table.error(error, :refused)}
        seq -> {:ok, Message.new(entry, seq, at_ms)}
      end
    end
  end

  defp known(config, entry, at_ms, repeating) do
    case {Table.read(config, :known, entry.room_id, [entry.user_id, entry.id]), repeating} do
      {{:ok, [message]}, _repeating} ->
        {:duplicate, message}

      {{:error, error}, _repeating} ->
        {:error, error}

      {{:ok, []}, :may_repeat} ->
        repeat(config, entry, at_ms)

      {{:ok, []}, :repeated} ->
        {:error, %Error{reason: :unavailable, message: "the message comes and goes"}}
    end
  end

  defp repeat(config, entry, at_ms) do
    case append(config, [entry], at_ms, :repeated) do
      {:ok, [outcome]} -> outcome
      {:error, error} -> {:error, error}
    end
  end
end
