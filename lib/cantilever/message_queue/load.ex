defmodule Cantilever.MessageQueue.Load do
  @moduledoc false
  # How much a queue holds, and whether it may hold one message more. Messages that are being stored count until that is over:
  # they are in memory, and more of them would make the bound say nothing.

  alias Cantilever.MessageQueue.Error
  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Options

  defstruct messages: 0, bytes: 0, keys: %{}

  @type t :: %__MODULE__{
          messages: non_neg_integer,
          bytes: non_neg_integer,
          keys: %{optional(term) => pos_integer}
        }

  @doc "Adds a message, or says which bound it would pass."
  @spec add(t, Item.t(), Options.t()) :: {:ok, t} | {:error, Error.t()}
  def add(load, item, options) do
    of_key = Map.get(load.keys, item.key, 0)

    cond do
      item.bytes > options.max_bytes ->
        full(
          :too_large,
          "a message of #{item.bytes} bytes is more than the #{options.max_bytes} bytes that the queue holds"
        )

      load.messages >= options.max_messages ->
        full(:overloaded, "the queue is full: it holds #{load.messages} messages")

      load.bytes + item.bytes > options.max_bytes ->
        full(:overloaded, "the queue is full: it holds #{load.bytes} bytes")

      of_key >= options.max_per_key and item.key != nil ->
        full(
          :overloaded,
          "the queue holds #{of_key} messages of this key, which is all that one may have"
        )

      true ->
        {:ok, changed(load, item, of_key, 1)}
    end
  end

  @doc "Takes messages off again."
  @spec remove(t, [Item.t()]) :: t
  def remove(load, items) do
    Enum.reduce(items, load, &changed(&2, &1, Map.get(&2.keys, &1.key, 0), -1))
  end

  defp changed(load, item, of_key, count) do
    %__MODULE__{
      messages: load.messages + count,
      bytes: load.bytes + count * item.bytes,
      keys: keys(load.keys, item.key, of_key + count)
    }
  end

  # What has no key is counted by none, and what has no messages is forgotten.
  defp keys(keys, nil, _count), do: keys
  defp keys(keys, key, 0), do: Map.delete(keys, key)
  defp keys(keys, key, count), do: Map.put(keys, key, count)

  defp full(reason, message), do: {:error, %Error{reason: reason, message: message}}
end
