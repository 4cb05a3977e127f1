defmodule Cantilever.DatabaseWorker.Params do
  @moduledoc false
  # What the native functions bind: nil, integers of 64 bits, floats, texts and `{:blob, binary}`. Whatever else there is becomes one of
  # these here, or is refused by name.

  alias Cantilever.DatabaseWorker.Error

  @smallest -0x8000000000000000
  @largest 0x7FFFFFFFFFFFFFFF

  defguardp is_plain(value)
            when is_nil(value) or is_float(value) or is_binary(value) or
                   (is_integer(value) and value >= @smallest and value <= @largest)

  @spec encode(term) :: {:ok, list} | {:error, Error.t()}
  def encode(params) when is_list(params) do
    if named?(params), do: encode_named(params), else: encode_list(params, 1, [])
  end

  def encode(params) when is_map(params) and not is_struct(params),
    do: encode_named(Map.to_list(params))

  def encode(params),
    do: refuse("the parameters must be a list, a keyword list or a map", params)

  # A list of blobs is a keyword list too.
  defp named?(params),
    do: params != [] and Keyword.keyword?(params) and not Keyword.has_key?(params, :blob)

  # One for each run of a statement.
  @spec encode_many(term) :: {:ok, [list]} | {:error, Error.t()}
  def encode_many(bindings) when is_list(bindings), do: encode_many(bindings, 0, [])
  def encode_many(bindings), do: refuse("the bindings of a batch must be a list", bindings)

  defp encode_many([], _index, encoded), do: {:ok, Enum.reverse(encoded)}

  defp encode_many([binding | rest], index, encoded) do
    case encode(binding) do
      {:ok, params} ->
        encode_many(rest, index + 1, [params | encoded])

      {:error, error} ->
        {:error, %{error | message: "the binding #{index} of the batch: #{error.message}"}}
    end
  end

  defp encode_many(tail, _index, _encoded),
    do: refuse("the bindings of a batch must be a proper list, which does not end in", tail)

  defp encode_list([value | rest], index, encoded) when is_plain(value),
    do: encode_list(rest, index + 1, [value | encoded])

  defp encode_list([value | rest], index, encoded) do
    case value(value) do
      {:ok, value} -> encode_list(rest, index + 1, [value | encoded])
      {:error, expected} -> refuse("the parameter #{index} must be #{expected}", value)
    end
  end

  defp encode_list([], _index, encoded), do: {:ok, Enum.reverse(encoded)}

  defp encode_list(tail, _index, _encoded),
    do: refuse("the parameters must be a proper list, which does not end in", tail)

  defp encode_named(pairs) do
    Enum.reduce_while(pairs, {:ok, []}, fn {name, value}, {:ok, encoded} ->
      with {:ok, name} <- name(name),
           {:ok, value} <- named_value(name, value) do
        {:cont, {:ok, [{name, value} | encoded]}}
      else
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp name(name) when is_atom(name), do: {:ok, Atom.to_string(name)}

  defp name(name) do
    if is_binary(name) and String.valid?(name),
      do: {:ok, name},
      else: refuse("the name of a parameter must be a text or an atom", name)
  end

  defp named_value(name, value) do
    with {:error, expected} <- value(value),
         do: refuse("the parameter #{inspect(name)} must be #{expected}", value)
  end

  defp value(value) when is_plain(value), do: {:ok, value}
  defp value(true), do: {:ok, 1}
  defp value(false), do: {:ok, 0}
  defp value({:blob, bytes} = blob) when is_binary(bytes), do: {:ok, blob}

  defp value(%module{} = value) when module in [Date, Time, NaiveDateTime, DateTime],
    do: {:ok, module.to_iso8601(value)}

  defp value(value) when is_integer(value),
    do: {:error, "an integer from -2⁶³ to 2⁶³ - 1, as SQLite has no others"}

  defp value(_value) do
    {:error,
     "nil, a boolean, an integer, a float, a text, {:blob, binary}, or a Date, Time, NaiveDateTime or DateTime"}
  end

  defp refuse(expected, got) do
    got = inspect(got, limit: 10, printable_limit: 100)
    {:error, %Error{reason: :parameter, message: "#{expected}, got: #{got}"}}
  end
end
