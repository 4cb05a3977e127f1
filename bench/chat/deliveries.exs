defmodule Cantilever.Bench.Chat.Deliveries do
  @moduledoc """
  Counts what many processes get.

      deliveries = Deliveries.new()
      Deliveries.add(deliveries)
      Deliveries.wait(deliveries, 1)
  """

  @opaque t :: :counters.counters_ref()

  # Each scheduler has a cell of its own.
  @spec new() :: t
  def new, do: :counters.new(1, [:write_concurrency])

  @spec add(t) :: :ok
  def add(deliveries), do: :counters.add(deliveries, 1, 1)

  @doc "How many there were, of all processes."
  @spec count(t) :: non_neg_integer
  def count(deliveries), do: :counters.get(deliveries, 1)

  @doc "Waits until there were so many."
  @spec wait(t, non_neg_integer) :: :ok
  def wait(deliveries, wanted) do
    if count(deliveries) < wanted,
      do: receive(after: (1 -> wait(deliveries, wanted))),
      else: :ok
  end
end
