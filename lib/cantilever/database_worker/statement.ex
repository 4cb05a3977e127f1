defmodule Cantilever.DatabaseWorker.Statement do
  @moduledoc false
  # What can be said of SQL without preparing it.

  alias Cantilever.DatabaseWorker.Error

  # SQLite would end the statement at a NUL and forget what follows.
  @spec check(term) :: :ok | {:error, Error.t()}
  def check(sql) when is_binary(sql) do
    cond do
      not String.valid?(sql) -> refuse("the SQL is no UTF-8")
      :binary.match(sql, <<0>>) != :nomatch -> refuse("the SQL has a NUL in it")
      true -> :ok
    end
  end

  def check(sql), do: raise(ArgumentError, "SQL must be a binary, got: #{inspect(sql)}")

  # Whatever does not begin as a statement that reads goes to the writer, which can run all of them. What does may write all the same (WITH
  # … INSERT), as the reader finds out.
  @spec role(String.t(), :auto | :read | :write) :: :reader | :writer
  def role(_sql, :read), do: :reader
  def role(_sql, :write), do: :writer

  def role(sql, :auto) do
    word = sql |> String.trim_leading() |> binary_part_at_most(7) |> String.upcase()

    if String.starts_with?(word, ["SELECT", "WITH", "VALUES", "EXPLAIN"]),
      do: :reader,
      else: :writer
  end

  defp binary_part_at_most(text, size), do: binary_part(text, 0, min(size, byte_size(text)))

  defp refuse(message), do: {:error, %Error{reason: :syntax, message: message}}
end
