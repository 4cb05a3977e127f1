defmodule Cantilever.DataProcessor.Source do
  @moduledoc false
  # An enumerable that is read a few items at a time, in the process that owns it.

  @typep continuation :: (Enumerable.acc() -> Enumerable.result())
  @type t :: {:list, list} | {:suspended, continuation} | :done

  @doc "Opens an enumerable; nothing is read yet."
  @spec new(Enumerable.t()) :: t
  def new(list) when is_list(list), do: {:list, list}

  def new(data),
    do: {:suspended, &Enumerable.reduce(data, &1, fn item, acc -> collect(item, acc) end)}

  @doc "Reads up to `count` items, and says how many there were."
  @spec pull(t, pos_integer) :: {items :: list, count :: non_neg_integer, t}
  def pull(:done, _count), do: {[], 0, :done}
  def pull({:list, list}, count), do: pull_list(list, count, count, [])

  def pull({:suspended, continue}, count) do
    case continue.({:cont, {count, []}}) do
      {:suspended, {0, items}, continue} -> {Enum.reverse(items), count, {:suspended, continue}}
      {_done_or_halted, {left, items}} -> {Enum.reverse(items), count - left, :done}
    end
  end

  @doc "Whether nothing is left, as far as is known without reading on."
  @spec done?(t) :: boolean
  def done?(source), do: source == :done

  @doc "Closes what the enumerable holds open."
  @spec close(t) :: :ok
  def close({:suspended, continue}) do
    continue.({:halt, {0, []}})
    :ok
  end

  def close(_list_or_done), do: :ok

  @doc "The number of items where it is known at no cost, else nil."
  @spec total(Enumerable.t()) :: non_neg_integer | nil
  def total(data) when is_list(data), do: length(data)
  def total(%struct{} = data) when struct in [Range, MapSet], do: Enum.count(data)
  def total(data) when is_map(data) and not is_struct(data), do: map_size(data)
  def total(_data), do: nil

  defp pull_list([], asked, left, items), do: {Enum.reverse(items), asked - left, :done}
  defp pull_list(rest, asked, 0, items), do: {Enum.reverse(items), asked, {:list, rest}}

  defp pull_list([item | rest], asked, left, items) do
    pull_list(rest, asked, left - 1, [item | items])
  end

  defp collect(item, {1, items}), do: {:suspend, {0, [item | items]}}
  defp collect(item, {left, items}), do: {:cont, {left - 1, [item | items]}}
end
