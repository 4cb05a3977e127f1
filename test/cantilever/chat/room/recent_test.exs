defmodule Cantilever.Chat.Room.RecentTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Room.Recent

  test "gives what comes after a number, or says that it has not all of it" do
    for size <- 0..5, count <- 0..8, after_seq <- 0..10 do
      recent = Recent.new(size, Enum.map(1..count//1, &message/1))
      assert recent.last_seq == count

      case Recent.after_seq(recent, after_seq) do
        :read_store -> assert count - after_seq > size
        messages -> assert Enum.map(messages, & &1.seq) == Enum.to_list((after_seq + 1)..count//1)
      end
    end
  end

  test "who asks for nothing gets nothing" do
    assert Recent.new(2, [message(1)]) |> Recent.after_seq(nil) == []
  end

  defp message(seq), do: %Message{room_id: "a", seq: seq, user_id: "u", at_ms: 0, json: "1"}
end
