defmodule Cantilever.StoreCases do
  @moduledoc false
  # The tests that every store of a chat must pass. The module that uses it has a function `start!/1`, which takes options and
  # returns a running store that nobody else uses.

  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Store

  @hostile [
    "",
    "'; DROP TABLE cantilever_messages; --",
    "\") OR 1=1 --",
    "a\0b",
    "\0",
    "𝄞🂡",
    "?1 :a $b @c",
    "%_\\",
    "\u{FEFF}\u{202E}"
  ]

  @spec entry(String.t(), keyword) :: Entry.t()
  def entry(room_id, fields \\ []) do
    struct!(%Entry{room_id: room_id, user_id: "ada", json: "1"}, fields)
  end

  @spec append!(Store.t(), [Entry.t()]) :: [Cantilever.Chat.Message.t()]
  def append!(store, entries) do
    {:ok, outcomes} = Store.append(store, entries)
    Enum.map(outcomes, fn {:ok, message} -> message end)
  end

  @spec texts(Store.messages()) :: [String.t()]
  def texts({:ok, messages}), do: Enum.map(messages, & &1.json)

  @spec hostile() :: [String.t()]
  def hostile, do: @hostile

  defmacro __using__(_options) do
    quote do
      import Cantilever.StoreCases

      alias Cantilever.Chat.Entry
      alias Cantilever.Chat.Message
      alias Cantilever.Chat.Store

      unquote(appending())
      unquote(known())
      unquote(reading())
      unquote(trimming())
      unquote(refusing())
    end
  end

  defp appending do
    quote do
      describe "append/2" do
        test "numbers each room's messages from 1, in order, within a list and across lists" do
          store = start!([])
          messages = append!(store, [entry("a"), entry("b"), entry("a"), entry("a"), entry("b")])

          assert Enum.map(messages, &{&1.room_id, &1.seq}) == [
                   {"a", 1},
                   {"b", 1},
                   {"a", 2},
                   {"a", 3},
                   {"b", 2}
                 ]

          assert [%{seq: 4}] = append!(store, [entry("a")])
          assert [%{seq: 3}] = append!(store, [entry("b")])
        end

        test "returns the messages as readers get them" do
          store = start!([])
          before = System.system_time(:millisecond)
          written = entry("a", user_id: "bo", id: "x", json: ~S({"text":"Hi"}))
          assert [%Message{} = message] = append!(store, [written])
          assert message == Message.new(written, 1, message.at_ms)
          assert message.at_ms in before..System.system_time(:millisecond)
          assert Store.recent(store, "a", 9) == {:ok, [message]}
        end

        test "takes an empty list" do
          assert Store.append(start!([]), []) == {:ok, []}
        end

        test "takes any text in every field, and gives it back as it was" do
          store = start!([])

          for text <- hostile() do
            written = entry(text, user_id: text, id: text, json: text)
            assert {:ok, [ok: message]} = Store.append(store, [written])
            assert message == Message.new(written, 1, message.at_ms)
            assert Store.append(store, [written]) == {:ok, [duplicate: message]}
            assert Store.recent(store, text, 9) == {:ok, [message]}
            assert Store.newer(store, text, 0, 9) == {:ok, [message]}
            assert Store.older(store, text, 2, 9) == {:ok, [message]}
          end
        end

        test "takes a list of thousands, and a message of a megabyte" do
          store = start!([])
          rooms = for number <- 1..3_000, do: "room #{rem(number, 7)}"
          messages = append!(store, Enum.map(rooms, &entry/1))
          assert messages |> Enum.map(& &1.seq) |> Enum.max() == 429
          json = Cantilever.JSON.encode!(String.duplicate("é", 500_000))
          assert [%{json: ^json}] = append!(store, [entry("large", json: json)])
          assert texts(Store.recent(store, "large", 1)) == [json]
        end
      end
    end
  end

  defp known do
    quote do
      describe "append/2 of an id that is known" do
        test "returns the first message, and stores nothing" do
          store = start!([])
          [first] = append!(store, [entry("a", id: "x", json: "1")])

          assert {:ok, [duplicate: ^first, ok: %{seq: 2}, duplicate: ^first]} =
                   Store.append(store, [
                     entry("a", id: "x", json: "2"),
                     entry("a"),
                     entry("a", id: "x")
                   ])

          assert texts(Store.recent(store, "a", 9)) == ["1", "1"]
        end

        test "sees it within one list, too" do
          store = start!([])

          assert {:ok, [ok: first, ok: %{seq: 2}, duplicate: again, ok: %{seq: 3}]} =
                   Store.append(store, [
                     entry("a", id: "x", json: "1"),
                     entry("a", id: "y", json: "2"),
                     entry("a", id: "x", json: "3"),
                     entry("a", json: "4")
                   ])

          assert again == first
          assert texts(Store.recent(store, "a", 9)) == ["1", "2", "4"]
        end

        test "tells users, rooms and entries without an id apart" do
          store = start!([])

          messages =
            append!(store, [
              entry("a", id: "x"),
              entry("a", id: "x", user_id: "bo"),
              entry("b", id: "x"),
              entry("a"),
              entry("a")
            ])

          assert Enum.map(messages, & &1.seq) == [1, 2, 1, 3, 4]
        end
      end
    end
  end

  defp reading do
    quote do
      describe "recent/3, newer/4 and older/4" do
        setup do
          store = start!([])

          for room <- ["a", "b", "c"],
              do: append!(store, for(n <- 1..5, do: entry(room, json: "#{n}")))

          %{store: store}
        end

        test "give the messages of one room, ascending, and no more than asked for", %{
          store: store
        } do
          assert texts(Store.recent(store, "b", 2)) == ["4", "5"]
          assert texts(Store.recent(store, "b", 99)) == ["1", "2", "3", "4", "5"]
          assert texts(Store.newer(store, "b", 2, 2)) == ["3", "4"]
          assert texts(Store.newer(store, "b", 0, 99)) == ["1", "2", "3", "4", "5"]
          assert texts(Store.older(store, "b", 4, 2)) == ["2", "3"]
          assert texts(Store.older(store, "b", 99, 2)) == ["4", "5"]
          assert texts(Store.older(store, "b", nil, 2)) == ["4", "5"]
        end

        test "give nothing where there is nothing", %{store: store} do
          assert Store.recent(store, "none", 9) == {:ok, []}
          assert Store.newer(store, "none", 0, 9) == {:ok, []}
          assert Store.older(store, "none", 9, 9) == {:ok, []}
          assert Store.newer(store, "b", 5, 9) == {:ok, []}
          assert Store.older(store, "b", 1, 9) == {:ok, []}
          assert Store.older(store, "b", -3, 9) == {:ok, []}
        end

        test "take a limit of nothing", %{store: store} do
          assert Store.recent(store, "b", 0) == {:ok, []}
          assert Store.newer(store, "b", 0, 0) == {:ok, []}
          assert Store.older(store, "b", 9, 0) == {:ok, []}
        end

        test "refuse a negative limit, which a database may take for none", %{store: store} do
          assert_raise FunctionClauseError, fn -> Store.recent(store, "b", -1) end
          assert_raise FunctionClauseError, fn -> Store.newer(store, "b", 0, -1) end
          assert_raise FunctionClauseError, fn -> Store.older(store, "b", 9, -1) end
        end
      end
    end
  end

  defp trimming do
    quote do
      describe "keep:" do
        test "leaves the newest messages of each room, whose numbers go on" do
          store = start!(keep: 3)
          append!(store, [entry("b", json: "b")])
          append!(store, for(number <- 1..10, do: entry("a", json: "#{number}")))
          assert texts(Store.recent(store, "a", 99)) == ["8", "9", "10"]
          assert texts(Store.newer(store, "a", 1, 2)) == ["8", "9"]
          assert Store.older(store, "a", 8, 9) == {:ok, []}
          assert texts(Store.recent(store, "b", 99)) == ["b"]
          assert [%{seq: 11}] = append!(store, [entry("a", json: "11")])
          assert texts(Store.recent(store, "a", 99)) == ["9", "10", "11"]
        end

        test "of 1 leaves the newest" do
          store = start!(keep: 1)
          for number <- 1..5, do: append!(store, [entry("a", json: "#{number}")])
          assert {:ok, [%{seq: 5, json: "5"}]} = Store.recent(store, "a", 99)
        end

        test "forgets the ids of what is gone" do
          store = start!(keep: 2)
          append!(store, for(id <- ["x", "y", "z"], do: entry("a", id: id)))
          assert {:ok, [ok: %{seq: 4}]} = Store.append(store, [entry("a", id: "x")])
          assert {:ok, [duplicate: %{seq: 3}]} = Store.append(store, [entry("a", id: "z")])
        end
      end
    end
  end

  defp refusing do
    quote do
      test "settle/1 returns when nothing is under way" do
        store = start!([])
        assert Store.settle(store) == :ok
        append!(store, [entry("a")])
        assert Store.settle(store) == :ok
      end

      test "an entry that is no text is refused alone, and nothing of it is stored" do
        store = start!([])

        for {field, value} <- [room_id: 1, user_id: nil, id: :x, json: <<255>>, room_id: <<0xD8>>] do
          assert {:ok, [ok: _, error: error, ok: _]} =
                   Store.append(store, [entry("a"), Map.put(entry("a"), field, value), entry("a")])

          assert %Store.Error{reason: :invalid} = error
          assert Exception.message(error) =~ "#{field}"
        end

        {:ok, messages} = Store.recent(store, "a", 99)
        assert Enum.map(messages, & &1.seq) == Enum.to_list(1..10)
      end
    end
  end
end
