defmodule Cantilever.Chat.EntryTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Entry

  doctest Cantilever.Chat.Entry

  @entry %Entry{room_id: "room", user_id: "user", id: "id", json: "1"}

  describe "check/1" do
    test "takes any text, and no id" do
      for text <- ["", "a\0b", "𝄞", "'; DROP TABLE x; --"] do
        assert Entry.check(%Entry{room_id: text, user_id: text, id: text, json: text}) == :ok
      end

      assert Entry.check(%{@entry | id: nil}) == :ok
    end

    test "names the field that is no text" do
      for field <- [:room_id, :user_id, :id, :json], value <- [<<255>>, 1, :atom, ["a"], %{}] do
        assert {:error, message} = Entry.check(Map.put(@entry, field, value))
        assert message =~ "#{field} must be"
      end
    end

    test "does not repeat a large text that is wrong" do
      assert {:error, message} = Entry.check(%{@entry | json: :binary.copy(<<255>>, 1_000_000)})
      assert String.length(message) < 500
    end
  end
end
