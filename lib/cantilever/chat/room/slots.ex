defmodule Cantilever.Chat.Room.Slots do
  @moduledoc false
  # How far each member of a room has come: a number in shared memory that the member writes after each message, and that
  # the process which delivers to it reads. To ask a process for the length of its mailbox would wake it up.

  @chunk 128

  defstruct arrays: %{}, free: [], used: 0

  @type slot :: non_neg_integer
  @opaque t :: %__MODULE__{
            arrays: %{non_neg_integer => :atomics.atomics_ref()},
            free: [slot],
            used: non_neg_integer
          }

  @typedoc "Where a member writes."
  @type place :: {:atomics.atomics_ref(), pos_integer}

  @spec new() :: t
  def new, do: %__MODULE__{}

  @spec take(t, non_neg_integer) :: {slot, t}
  def take(%{free: [slot | free]} = slots, seq) do
    write(place(slots, slot), seq)
    {slot, %{slots | free: free}}
  end

  def take(%{used: used} = slots, seq) do
    arrays = Map.put_new_lazy(slots.arrays, div(used, @chunk), fn -> :atomics.new(@chunk, []) end)
    slots = %{slots | arrays: arrays, used: used + 1}
    write(place(slots, used), seq)
    {used, slots}
  end

  # Only once its member writes no more.
  @spec release(t, slot) :: t
  def release(slots, slot), do: %{slots | free: [slot | slots.free]}

  @spec place(t, slot) :: place
  def place(slots, slot),
    do: {Map.fetch!(slots.arrays, div(slot, @chunk)), rem(slot, @chunk) + 1}

  @spec read(t, slot) :: non_neg_integer
  def read(slots, slot) do
    {array, index} = place(slots, slot)
    :atomics.get(array, index)
  end

  @spec write(place, non_neg_integer) :: :ok
  def write({array, index}, seq), do: :atomics.put(array, index, seq)
end
