defmodule Cantilever.DatabaseWorker.TypesTest do
  use ExUnit.Case, async: true

  import Bitwise

  alias Cantilever.DatabaseWorker
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.TermGenerator

  setup do
    {:ok, database: start_supervised!({DatabaseWorker, path: ":memory:"})}
  end

  defp through(database, value) do
    with {:ok, result} <- DatabaseWorker.query(database, "SELECT ?", [value]) do
      [[value]] = result.rows
      {:ok, value}
    end
  end

  # What comes back, or nil for what is refused.
  defp expected(value) when is_boolean(value), do: if(value, do: 1, else: 0)

  defp expected(value) when is_integer(value),
    do: if(value in -0x8000000000000000..0x7FFFFFFFFFFFFFFF, do: value)

  defp expected(value) when is_float(value), do: value
  defp expected(value) when is_binary(value), do: if(String.valid?(value), do: value)
  defp expected({:blob, value} = blob) when is_binary(value), do: blob
  defp expected(_other), do: nil

  defp value do
    case :rand.uniform(4) do
      1 -> TermGenerator.integer()
      2 -> {:blob, TermGenerator.binary()}
      _other -> 2 |> TermGenerator.term() |> no_pair()
    end
  end

  # Alone in a list, one would be a parameter with a name.
  defp no_pair({name, value}) when is_atom(name), do: [name, value]
  defp no_pair(value), do: value

  test "each value comes back as it was, or is refused by name", %{database: database} do
    TermGenerator.seed(ExUnit.configuration()[:seed])

    for _ <- 1..3_000, value = value(), value != nil do
      case through(database, value) do
        {:ok, same} ->
          assert same == expected(value)

        {:error, error} ->
          assert expected(value) == nil, "#{inspect(value)} was refused: #{error.message}"
          assert error.reason == :parameter
          assert error.message =~ "the parameter 1"
      end
    end
  end

  test "the ends of each type come back", %{database: database} do
    values =
      [nil, 0, -1, 0x7FFFFFFFFFFFFFFF, -0x8000000000000000, 0.1, 1.0e308, -5.0e-324] ++
        ["", "ä€😀", "a\0b", {:blob, ""}, {:blob, <<0, 255>>}] ++
        for(size <- [63, 64, 65, 100_000], do: String.duplicate("x", size)) ++
        for(size <- [63, 64, 65, 100_000], do: {:blob, :binary.copy(<<254>>, size)})

    for value <- values, do: assert(through(database, value) == {:ok, value})
  end

  test "tables keep them too", %{database: database} do
    DatabaseWorker.query!(database, "CREATE TABLE kept (id INTEGER PRIMARY KEY, value)")
    TermGenerator.seed(ExUnit.configuration()[:seed])
    values = for _ <- 1..500, value = value(), expected(value) != nil, do: value
    bindings = Enum.map(values, &[&1])
    DatabaseWorker.query_many!(database, "INSERT INTO kept (value) VALUES (?)", bindings)
    rows = DatabaseWorker.query!(database, "SELECT value FROM kept ORDER BY id").rows
    assert rows == Enum.map(values, &[expected(&1)])
  end

  test "dates and times are ISO 8601, as SQLite's functions read it", %{database: database} do
    for {value, text} <- [
          {~D[2026-02-28], "2026-02-28"},
          {~T[23:59:59.123], "23:59:59.123"},
          {~N[2026-02-28 12:00:00], "2026-02-28T12:00:00"},
          {~U[2026-02-28 12:00:00.5Z], "2026-02-28T12:00:00.5Z"}
        ] do
      assert through(database, value) == {:ok, text}
      sql = "SELECT datetime(?) IS NOT NULL"
      assert DatabaseWorker.query!(database, sql, [value]).rows == [[1]]
    end
  end

  test "what is no value of Elixir's is an error that names its column", %{database: database} do
    assert {:error, %Error{reason: :value} = error} =
             DatabaseWorker.query(database, "SELECT 1 AS fine, 9e999 AS endless")

    assert error.message =~ ~s("endless")
    assert DatabaseWorker.query!(database, "SELECT CAST(9e999 AS TEXT)").rows == [["Inf"]]
  end

  test "a text that is no UTF-8 comes back as its bytes", %{database: database} do
    sql = "SELECT CAST(x'ff00' AS TEXT)"
    assert DatabaseWorker.query!(database, sql).rows == [[<<255, 0>>]]
  end

  test "a value that does not fit is named with its place", %{database: database} do
    for {params, text} <- [
          {[1, 1 <<< 63], "the parameter 2 must be an integer from -2⁶³ to 2⁶³ - 1"},
          {[1, <<255>>], "the parameter 2 is no UTF-8 from its byte 0 on"},
          {[:atom, 1], "the parameter 1 must be nil, a boolean"},
          {[1, %URI{}], "the parameter 2 must be"},
          {[1, {:blob, "x", 1}], "the parameter 2 must be"},
          {[1, <<1::3>>], "the parameter 2 must be"},
          {[1 | 2], "a proper list"},
          {:none, "a list, a keyword list or a map"},
          {[1], "the statement has 2 parameters, and 1 values were given"},
          {[1, 2, 3], "the statement has 2 parameters, and 3 values were given"}
        ] do
      assert {:error, %Error{reason: :parameter} = error} =
               DatabaseWorker.query(database, "SELECT ?, ?", params)

      assert error.message =~ text
    end

    for {params, text} <- [
          {[a: 1], ~s(no value was given for the parameter "b")},
          {[a: 1, b: 2, c: 3], ~s(the statement has no parameter "c")},
          {%{1 => 2}, "the name of a parameter must be a text or an atom"},
          {[a: 1, b: self()], ~s(the parameter "b" must be)}
        ] do
      assert {:error, %Error{reason: :parameter} = error} =
               DatabaseWorker.query(database, "SELECT :a, :b", params)

      assert error.message =~ text
    end

    assert {:error, %Error{reason: :parameter} = error} =
             DatabaseWorker.query_many(database, "SELECT ?", [[1], [self()]])

    assert error.message =~ "the binding 1 of the batch: the parameter 1"
  end
end
