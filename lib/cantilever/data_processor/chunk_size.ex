defmodule Cantilever.DataProcessor.ChunkSize do
  @moduledoc false
  # How many items the next task gets. A fixed size stays what it is; an automatic one follows the measured times: it aims at chunks of
  # about a millisecond, grows at most eightfold at a time, and shrinks at once. An item costs what it takes to compute or to pull from
  # the source, whichever is more: a slow source must not make items wait for a chunk to fill.

  @target_us 1_000
  @largest 4_096
  @growth 8

  @enforce_keys [:current, :auto?]
  defstruct [:current, :auto?, :largest_used, pull_us: 0.0]

  @type t :: %__MODULE__{
          current: pos_integer,
          auto?: boolean,
          largest_used: pos_integer,
          pull_us: float
        }

  @doc "The largest chunk that `:auto` makes."
  @spec largest() :: pos_integer
  def largest, do: @largest

  @doc "A fixed size, or one that tunes itself."
  @spec new(pos_integer | :auto) :: t
  def new(:auto), do: %__MODULE__{current: 1, auto?: true, largest_used: 1}
  def new(size), do: %__MODULE__{current: size, auto?: false, largest_used: size}

  @doc "Notes how long `count` items took to come from the source."
  @spec pulled(t, non_neg_integer, non_neg_integer) :: t
  def pulled(%{auto?: true} = size, count, elapsed_us) when count > 0 do
    %{size | pull_us: elapsed_us / count}
  end

  def pulled(size, _count, _elapsed_us), do: size

  @doc "Notes how long `count` items took to compute."
  @spec computed(t, pos_integer, non_neg_integer) :: t
  def computed(%{auto?: true} = size, count, elapsed_us) do
    item_us = Enum.max([elapsed_us / count, size.pull_us, @target_us / @largest])
    ideal = max(trunc(@target_us / item_us), 1)
    set(size, min(ideal, size.current * @growth))
  end

  def computed(size, _count, _elapsed_us), do: size

  @doc "Notes that a task was lost: where tasks die, few items should share one."
  @spec lost(t) :: t
  def lost(%{auto?: true} = size), do: set(size, max(div(size.current, @growth), 1))
  def lost(size), do: size

  defp set(size, current) do
    current = min(current, @largest)
    %{size | current: current, largest_used: max(size.largest_used, current)}
  end
end
