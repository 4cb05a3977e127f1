defmodule Cantilever.DataProcessor.Chunk do
  @moduledoc false
  # Consecutive items of a batch that one worker computes, one after the other. `first` is the index of the first one in the input,
  # `attempt` how often its items have been tried, this time included.

  @enforce_keys [:first, :count, :items]
  defstruct [:first, :count, :items, attempt: 1]

  @type t :: %__MODULE__{
          first: non_neg_integer,
          count: pos_integer,
          items: nonempty_list,
          attempt: pos_integer
        }

  @doc "Splits a chunk after `count` items; either part may be nil."
  @spec split(t, non_neg_integer) :: {t | nil, t | nil}
  def split(chunk, 0), do: {nil, chunk}
  def split(%{count: total} = chunk, count) when count >= total, do: {chunk, nil}

  def split(chunk, count) do
    {head, tail} = Enum.split(chunk.items, count)

    {%{chunk | count: count, items: head},
     %{chunk | first: chunk.first + count, count: chunk.count - count, items: tail}}
  end

  @doc "The error of the item at `offset`, counted from 0."
  @spec error(
          t,
          non_neg_integer,
          Cantilever.DataProcessor.Error.kind(),
          term,
          Exception.stacktrace()
        ) ::
          Cantilever.DataProcessor.Error.t()
  def error(chunk, offset, kind, reason, stacktrace \\ []) do
    item_error(
      Enum.at(chunk.items, offset),
      chunk.first + offset,
      chunk.attempt,
      kind,
      reason,
      stacktrace
    )
  end

  @doc "The error of an item that is at hand already."
  @spec item_error(
          term,
          non_neg_integer,
          pos_integer,
          Cantilever.DataProcessor.Error.kind(),
          term,
          Exception.stacktrace()
        ) :: Cantilever.DataProcessor.Error.t()
  def item_error(input, index, attempt, kind, reason, stacktrace) do
    %Cantilever.DataProcessor.Error{
      input: input,
      index: index,
      kind: kind,
      reason: reason,
      stacktrace: stacktrace,
      attempts: attempt
    }
  end
end
