defmodule Cantilever.Chat.MessageTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Message

  doctest Cantilever.Chat.Message

  describe "payload!/1" do
    test "raises where the text is no JSON" do
      entry = %Entry{room_id: "r", user_id: "u", json: "{"}
      message = Message.new(entry, 1, 0)
      assert_raise Cantilever.JSON.DecodeError, fn -> Message.payload!(message) end
    end
  end
end
