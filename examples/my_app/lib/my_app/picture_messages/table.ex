defmodule MyApp.PictureMessages.Table do
  @moduledoc false
  # The table of pictures. A thumbnail stands before its picture, so that reading it passes over nothing large.

  alias Cantilever.DatabaseWorker

  @create """
  CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    at INTEGER NOT NULL,
    thumbnail BLOB NOT NULL,
    picture BLOB NOT NULL
  )
  """

  @insert "INSERT INTO pictures (id, content_type, at, thumbnail, picture) VALUES (?1, ?2, ?3, ?4, ?5)"
  @delete "DELETE FROM pictures WHERE id = ?1"
  @thumbnail "SELECT 'image/webp', thumbnail FROM pictures WHERE id = ?1"
  @picture "SELECT content_type, picture FROM pictures WHERE id = ?1"

  # What is said of a missing table when a statement is prepared, and when one runs that was prepared before.
  @without_table [:syntax, :failed]

  @typep error :: {:error, {atom(), String.t()}}

  @spec insert(GenServer.server(), [DatabaseWorker.param()], pos_integer()) :: :ok | error()
  def insert(database, [_id, _content_type, _at, _thumbnail, _picture] = row, timeout_ms) do
    with {:error, %{reason: reason}} when reason in @without_table <-
           query(database, @insert, row, timeout_ms),
         {:ok, _created} <- query(database, @create, [], timeout_ms) do
      query(database, @insert, row, timeout_ms)
    end
    |> case do
      {:ok, _result} -> :ok
      {:error, error} -> refused(error)
    end
  end

  # Whether it worked changes nothing for whoever has been told that the picture was not posted.
  @spec delete(GenServer.server(), String.t(), pos_integer()) :: :ok
  def delete(database, id, timeout_ms) do
    _ = query(database, @delete, [id], timeout_ms)
    :ok
  end

  @spec fetch(GenServer.server(), String.t(), :thumbnail | :picture, pos_integer()) ::
          {:ok, %{content_type: String.t(), data: binary()}} | error()
  def fetch(database, id, what, timeout_ms) do
    sql = if what == :thumbnail, do: @thumbnail, else: @picture

    case query(database, sql, [id], timeout_ms) do
      {:ok, %{rows: [[content_type, {:blob, data}]]}} ->
        {:ok, %{content_type: content_type, data: data}}

      {:ok, %{rows: []}} ->
        not_found()

      # Nobody has posted a picture yet.
      {:error, %{reason: reason}} when reason in @without_table ->
        not_found()

      {:error, error} ->
        refused(error)
    end
  end

  @spec not_found() :: error()
  def not_found, do: {:error, {:not_found, "there is no such picture"}}

  defp query(database, sql, params, timeout_ms),
    do: DatabaseWorker.query(database, sql, params, timeout: timeout_ms)

  defp refused(%{reason: reason} = error) when reason in [:timeout, :overloaded, :unavailable],
    do: {:error, {reason, "the database says: #{Exception.message(error)}"}}

  defp refused(error),
    do: {:error, {:not_stored, "the database says: #{Exception.message(error)}"}}
end
