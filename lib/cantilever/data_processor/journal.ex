defmodule Cantilever.DataProcessor.Journal do
  @moduledoc false
  # What a worker leaves outside its own heap, so that its death loses one item and not a chunk: the position of the item that it works on
  # (one atomic), and the outcomes of the items before it (rows of an ETS table). That is the cheapest safe place: about 100 ns an
  # item, where a message costs the coordinator as much again, and the time of day alone costs more on some machines.
  #
  # The position is also where worker and coordinator agree who goes on. It moves only by compare-and-exchange, so that of "I go on to
  # the next item" and "you have run too long" exactly one succeeds:
  #
  #     0           not begun
  #     n           item n (from 1) is being computed
  #     -n - 1      item n is being computed, and is the last: the coordinator took back the rest
  #     -1          claimed: the coordinator is about to kill the worker, which waits for it
  #     @over - n   item n was the last, and the results are on their way

  @claimed -1
  @idle 0
  @over -0x10000000000

  @enforce_keys [:position, :tag]
  defstruct [:position, :tag, :table]

  @type t :: %__MODULE__{
          position: :atomics.atomics_ref(),
          tag: non_neg_integer,
          table: :ets.table() | nil
        }

  @doc "A table for outcomes. Only one worker writes to it at a time, so it needs no fine locks."
  @spec new_table() :: :ets.table()
  def new_table, do: :ets.new(__MODULE__, [:set, :public])

  @doc "A journal for one chunk. `tag` tells its rows from those of the table's earlier users."
  @spec new(non_neg_integer, :ets.table() | nil) :: t
  def new(tag, table) do
    %__MODULE__{position: :atomics.new(1, signed: true), tag: tag, table: table}
  end

  @doc "The worker begins its first item."
  @spec begin(t) :: :ok | :claimed
  def begin(journal), do: exchange(journal, @idle, 1)

  @doc "The worker has computed item `position` and would go on to the next one."
  @spec next(t, pos_integer, :ok | :error, term) :: :ok | :cut | :claimed
  def next(journal, position, status, value) do
    :ets.insert(journal.table, {position, journal.tag, status, value})
    exchange(journal, position, position + 1)
  end

  @doc "The worker has computed item `position`, the last, and would hand in its chunk."
  @spec finish(t, pos_integer) :: :ok | :claimed
  def finish(journal, position) do
    with :cut <- exchange(journal, position, @over - position) do
      exchange(journal, -position - 1, @over - position)
    end
  end

  @doc "The position of the item that is being computed, or was last; 1 also before the first."
  @spec position(t) :: {:ok, pos_integer} | :claimed
  def position(journal) do
    case :atomics.get(journal.position, 1) do
      @claimed -> :claimed
      @idle -> {:ok, 1}
      position when position > 0 -> {:ok, position}
      position when position < @over -> {:ok, @over - position}
      position -> {:ok, -position - 1}
    end
  end

  @doc "The coordinator takes back what follows item `position`; `:moved` if the worker was faster."
  @spec cut(t, pos_integer) :: :ok | :moved
  def cut(journal, position) do
    if exchange(journal, position, -position - 1) == :ok, do: :ok, else: :moved
  end

  @doc "The coordinator claims a worker that is still at item `position`; `:moved` if the worker was faster."
  @spec claim(t, pos_integer) :: :ok | :moved
  def claim(journal, position) do
    with :cut <- exchange(journal, position, @claimed),
         :cut <- exchange(journal, -position - 1, @claimed) do
      :moved
    end
  end

  @doc "The outcomes of a dead worker's items, in order, up to the one that it died of."
  @spec outcomes(t) :: [Cantilever.DataProcessor.Segment.outcome()]
  def outcomes(%{table: nil}), do: []
  def outcomes(journal), do: outcomes(journal, 1)

  defp outcomes(%{tag: tag} = journal, position) do
    case :ets.lookup(journal.table, position) do
      [{^position, ^tag, status, value}] -> [{status, value} | outcomes(journal, position + 1)]
      _none_or_older -> []
    end
  end

  defp exchange(journal, expected, new) do
    case :atomics.compare_exchange(journal.position, 1, expected, new) do
      :ok -> :ok
      @claimed -> :claimed
      _other -> :cut
    end
  end
end
