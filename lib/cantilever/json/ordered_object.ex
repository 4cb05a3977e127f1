defmodule Cantilever.JSON.OrderedObject do
  @moduledoc """
  An object whose keys keep their order, and may be there more than once.

      iex> object = Cantilever.JSON.OrderedObject.new([{"b", 1}, {"a", 2}])
      iex> Cantilever.JSON.encode!(object)
      ~s({"b":1,"a":2})
      iex> object["a"]
      2

  It is what objects are decoded as with `objects: :ordered`. `values` is the list of its keys and values. It can be
  read and updated by key, with the functions of `Access` and of `Kernel` that stand on it, and enumerated as that list.
  Of a key that is there more than once, the first is read, and all are replaced.
  """

  @behaviour Access

  @enforce_keys [:values]
  defstruct values: []

  @typedoc "A key: text, or what is written as text."
  @type key() :: String.Chars.t()

  @typedoc "Keys and values in order."
  @type t() :: %__MODULE__{values: [{key(), term()}]}

  @doc """
  Makes an object of a list of keys and values.

      iex> Cantilever.JSON.OrderedObject.new([{"b", 1}])
      %Cantilever.JSON.OrderedObject{values: [{"b", 1}]}
  """
  @spec new([{key(), term()}]) :: t()
  def new(values) when is_list(values), do: %__MODULE__{values: values}

  @impl Access
  def fetch(%__MODULE__{values: values}, key) do
    case List.keyfind(values, key, 0) do
      {_key, value} -> {:ok, value}
      nil -> :error
    end
  end

  @impl Access
  def get_and_update(%__MODULE__{values: values} = object, key, update) do
    current = with {_key, value} <- List.keyfind(values, key, 0), do: value

    case update.(current) do
      {got, new} ->
        {got, %{object | values: put(values, key, new)}}

      :pop ->
        {current, %{object | values: delete(values, key)}}

      other ->
        raise ArgumentError,
              "the function given to get_and_update/3 must return {got, new} or :pop, got: #{inspect(other)}"
    end
  end

  @impl Access
  def pop(%__MODULE__{values: values} = object, key, default \\ nil) do
    case List.keyfind(values, key, 0) do
      {_key, value} -> {value, %{object | values: delete(values, key)}}
      nil -> {default, object}
    end
  end

  # In the place of the first one, or at the end.
  defp put(values, key, value) do
    case Enum.split_while(values, fn {other, _value} -> other != key end) do
      {before, []} -> before ++ [{key, value}]
      {before, [_replaced | rest]} -> before ++ [{key, value} | delete(rest, key)]
    end
  end

  defp delete(values, key), do: Enum.reject(values, fn {other, _value} -> other == key end)

  defimpl Enumerable do
    def count(%{values: values}), do: {:ok, length(values)}
    def member?(%{values: values}, pair), do: {:ok, Enum.member?(values, pair)}
    def slice(%{values: values}), do: Enumerable.List.slice(values)
    def reduce(%{values: values}, acc, fun), do: Enumerable.List.reduce(values, acc, fun)
  end
end
