defmodule Cantilever.Chat.Room.SlotsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Room.Slots

  test "every slot is one member's, over many arrays" do
    {slots, taken} =
      Enum.reduce(1..1_000, {Slots.new(), []}, fn seq, {slots, taken} ->
        {slot, slots} = Slots.take(slots, seq)
        {slots, [{slot, seq} | taken]}
      end)

    for {slot, seq} <- taken, do: assert(Slots.read(slots, slot) == seq)
  end

  test "a slot that is free again begins anew" do
    {slot, slots} = Slots.take(Slots.new(), 5)
    Slots.write(Slots.place(slots, slot), 9)
    {^slot, slots} = slots |> Slots.release(slot) |> Slots.take(3)
    assert Slots.read(slots, slot) == 3
  end
end
