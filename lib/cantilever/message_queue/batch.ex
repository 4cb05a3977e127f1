defmodule Cantilever.MessageQueue.Batch do
  @moduledoc false
  # The messages that are stored together. One that is not running is tried again later, without those that no longer wait.

  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Options

  @enforce_keys [:items, :messages, :bytes]
  defstruct [:items, :messages, :bytes, running?: true]

  @type t :: %__MODULE__{
          items: [Item.t()],
          messages: non_neg_integer,
          bytes: non_neg_integer,
          running?: boolean
        }

  @doc "Takes the first messages of a queue, as many as fit, and at least one."
  @spec take(:queue.queue(Item.t()), Options.t()) :: {t, :queue.queue(Item.t())}
  def take(waiting, options) do
    {{:value, first}, waiting} = :queue.out(waiting)
    take(waiting, options, [first], 1, first.bytes)
  end

  defp take(waiting, options, items, messages, bytes) do
    case :queue.peek(waiting) do
      {:value, item}
      when messages < options.batch_messages and bytes + item.bytes <= options.batch_bytes ->
        take(:queue.drop(waiting), options, [item | items], messages + 1, bytes + item.bytes)

      _none_or_too_many ->
        {of(Enum.reverse(items), messages, bytes), waiting}
    end
  end

  @doc "The same batch without the messages that the function does not hold on to; nil if that leaves none."
  @spec keep([Item.t()]) :: t | nil
  def keep([]), do: nil

  def keep(items),
    do: %{of(items, length(items), items |> Enum.map(& &1.bytes) |> Enum.sum()) | running?: false}

  defp of(items, messages, bytes), do: %__MODULE__{items: items, messages: messages, bytes: bytes}
end
