defmodule Cantilever.MessageQueue.LoadTest do
  use ExUnit.Case, async: true

  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Load
  alias Cantilever.MessageQueue.Options

  defp options(options), do: Options.new!([commit: &Function.identity/1] ++ options)

  defp item(key, bytes),
    do: Item.new(:message, nil, %{key: key, bytes: bytes, timeout: :infinity}, 0)

  defp fill(items, options) do
    Enum.reduce(items, %Load{}, fn item, load ->
      {:ok, load} = Load.add(load, item, options)
      load
    end)
  end

  describe "add/3" do
    test "says which bound is reached" do
      for {options, held, item, reason, words} <- [
            {[max_messages: 2], [item(1, 1), item(2, 1)], item(3, 1), :overloaded, "2 messages"},
            {[max_bytes: 10], [item(1, 6)], item(2, 5), :overloaded, "6 bytes"},
            {[max_per_key: 1], [item(1, 1)], item(1, 1), :overloaded, "1 messages of this key"},
            {[max_bytes: 10], [], item(1, 11), :too_large, "11 bytes"}
          ] do
        options = options(options)
        assert {:error, error} = held |> fill(options) |> Load.add(item, options)
        assert error.reason == reason
        assert Exception.message(error) =~ words
      end
    end

    test "does not count what has no key as that of one" do
      options = options(max_per_key: 1)
      assert %{messages: 3, keys: keys} = fill(List.duplicate(item(nil, 1), 3), options)
      assert keys == %{}
    end
  end

  describe "remove/2" do
    test "leaves nothing of what it takes off" do
      items = for number <- 1..20, do: item(rem(number, 3), number)
      options = options([])
      assert items |> fill(options) |> Load.remove(Enum.reverse(items)) == %Load{}
      assert items |> fill(options) |> Load.remove(tl(items)) == fill([hd(items)], options)
    end
  end
end
