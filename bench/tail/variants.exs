defmodule Cantilever.Bench.Tail.Variants do
  @moduledoc """
  What may lower the tail of work that cannot yield, for a machine with so many schedulers.

      iex> for %{title: title} <- Cantilever.Bench.Tail.Variants.all(2), do: title
      [
        "DirtyCpu",
        "DirtyCpu, 1 at a time",
        "pool of 2",
        "pool of 2, 1 call at a time",
        "pool of 1",
        "pool of 2 that pauses",
        "pool of 2, nice 10",
        "pool of 2, nice 19"
      ]
  """

  @enforce_keys [:title, :function, :threads]
  defstruct [:title, :function, :threads, limit: :infinity, pauses?: false, nice: 0]

  @typedoc """
  `threads` are those of the pool, `limit` is how many calls are let in at a time; with `pauses?` the pool pauses while
  processes wait for a scheduler; `nice` is the niceness of its threads.
  """
  @type t :: %__MODULE__{
          title: String.t(),
          function: :dirty | :on_pool | :on_pausing_pool,
          threads: pos_integer,
          limit: pos_integer | :infinity,
          pauses?: boolean,
          nice: 0..19
        }

  @doc "All of them, those without any means first."
  @spec all(schedulers :: pos_integer) :: [t]
  def all(schedulers) do
    fewer = max(schedulers - 1, 1)
    pool = %__MODULE__{title: "pool of #{schedulers}", function: :on_pool, threads: schedulers}
    dirty = %__MODULE__{title: "DirtyCpu", function: :dirty, threads: schedulers}

    smaller =
      for threads <- Enum.uniq([fewer, 1]), threads < schedulers do
        %{pool | title: "pool of #{threads}", threads: threads}
      end

    [
      dirty,
      %{dirty | title: "DirtyCpu, #{fewer} at a time", limit: fewer},
      pool,
      %{pool | title: pool.title <> ", #{calls(fewer)} at a time", limit: fewer}
    ] ++
      smaller ++
      [
        %{pool | title: pool.title <> " that pauses", function: :on_pausing_pool, pauses?: true},
        %{pool | title: pool.title <> ", nice 10", nice: 10},
        %{pool | title: pool.title <> ", nice 19", nice: 19}
      ]
  end

  @doc "Those to look at where the node has enough to do without them: work on the pool, as nice as it may be."
  @spec beside_elixir(schedulers :: pos_integer) :: [t]
  def beside_elixir(schedulers) do
    for %{function: :on_pool, threads: ^schedulers, limit: :infinity} = variant <-
          all(schedulers),
        do: variant
  end

  defp calls(1), do: "1 call"
  defp calls(count), do: "#{count} calls"
end
