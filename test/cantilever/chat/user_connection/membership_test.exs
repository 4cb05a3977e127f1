defmodule Cantilever.Chat.UserConnection.MembershipTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Room.Slots
  alias Cantilever.Chat.UserConnection.Membership

  test "whatever comes, in whatever parts, each message is pushed or read once, in order" do
    for last <- 0..4, numbers <- sublists(Enum.to_list(1..7)) do
      membership = %Membership{ref: 0, last_seq: last}

      seen =
        membership
        |> Membership.steps(Enum.map(numbers, &{&1, :message}))
        |> Enum.flat_map_reduce(last, &seqs/2)
        |> elem(0)

      up_to = Enum.max([last | numbers])
      assert seen == if(up_to > last, do: Enum.to_list((last + 1)..up_to), else: [])
    end
  end

  test "what it has seen is its own when it leaves: its place may be another's then" do
    {slot, slots} = Slots.take(Slots.new(), 5)
    place = Slots.place(slots, slot)
    membership = Membership.hold(Membership.enter(%Membership{ref: 0}, place, 5))
    {^slot, _slots} = slots |> Slots.release(slot) |> Slots.take(9)
    assert Membership.last_seq(membership) == 5
    assert Membership.quit(membership, 1).last_seq == 5
  end

  defp seqs({:push, {seq, :message}}, _last), do: {[seq], seq}
  defp seqs({:missing, up_to}, last), do: {Enum.to_list((last + 1)..up_to), up_to}

  defp sublists([]), do: [[]]

  defp sublists([first | rest]),
    do: for(list <- sublists(rest), part <- [list, [first | list]], do: part)
end
