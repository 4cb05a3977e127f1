defmodule Cantilever.Bench.Chat.Deliveries do
  @moduledoc """
  Counts what many processes get, each in a place of its own as far as there are enough.

      deliveries = Deliveries.new()
      Deliveries.add(deliveries, Deliveries.place(7))
      Deliveries.wait(deliveries, 1)
  """

  # So many that two schedulers seldom write to the same place.
  @places 4_096

  @opaque t :: :counters.counters_ref()
  @type place :: pos_integer

  @spec new() :: t
  def new, do: :counters.new(@places, [:write_concurrency])

  @doc "Where the process with this number counts."
  @spec place(non_neg_integer) :: place
  def place(number), do: rem(number, @places) + 1

  @spec add(t, place) :: :ok
  def add(deliveries, place), do: :counters.add(deliveries, place, 1)

  @doc "How many there were, of all processes."
  @spec count(t) :: non_neg_integer
  def count(deliveries), do: Enum.reduce(1..@places, 0, &(&2 + :counters.get(deliveries, &1)))

  @doc "Waits until there were so many."
  @spec wait(t, non_neg_integer) :: :ok
  def wait(deliveries, wanted) do
    if count(deliveries) < wanted,
      do: receive(after: (1 -> wait(deliveries, wanted))),
      else: :ok
  end
end
