defmodule Cantilever.DataProcessor.HeapRoom do
  @moduledoc false
  # Room for the results on the caller's heap, made at once. A heap that grows to a million results in steps is copied
  # at each of them, which takes longer than a million tiny items do.

  alias Cantilever.DataProcessor.Source

  @large 10_000
  # A result arrives in a list cell, and goes into a tuple in another one; then there is what the caller had.
  @words_per_item 8
  @most_words 16_000_000

  @doc "Runs `fun` with room for as many results as `data` has items, as far as that can be told."
  @spec with_room_for(Enumerable.t(), (() -> result)) :: result when result: term
  def with_room_for(data, fun) do
    with count when is_integer(count) and count >= @large <- Source.total(data),
         {:ok, before} <- reserve(min(count * @words_per_item, @most_words)) do
      try do
        fun.()
      after
        Process.flag(:min_heap_size, before)
      end
    else
      _unknown_or_small -> fun.()
    end
  end

  # A process that has been given a largest heap keeps to it.
  defp reserve(words) do
    case Process.info(self(), :garbage_collection) do
      {:garbage_collection, info} ->
        if unlimited?(info[:max_heap_size]) and info[:min_heap_size] < words,
          do: {:ok, Process.flag(:min_heap_size, words)},
          else: :none
    end
  end

  defp unlimited?(%{size: size}), do: size == 0
  defp unlimited?(size), do: size in [0, nil]
end
