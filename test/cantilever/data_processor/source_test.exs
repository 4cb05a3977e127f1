defmodule Cantilever.DataProcessor.SourceTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Source

  defp all(source, size) do
    case Source.pull(source, size) do
      {items, count, :done} when length(items) == count -> [items]
      {items, ^size, source} when length(items) == size -> [items | all(source, size)]
    end
  end

  describe "pull/2" do
    test "reads any enumerable in pieces, completely and in order" do
      for count <- [0, 1, 5, 6, 7, 100], size <- [1, 3, 6, 200] do
        list = Enum.to_list(1..count//1)

        for data <- [
              list,
              1..count//1,
              Stream.map(list, & &1),
              Stream.take(Stream.iterate(1, &(&1 + 1)), count)
            ] do
          assert data |> Source.new() |> all(size) |> Enum.concat() == list
        end
      end
    end

    test "reads no more than asked" do
      test = self()
      source = Source.new(Stream.map(1..10, &send(test, &1)))
      assert {[1, 2], 2, _source} = Source.pull(source, 2)
      assert_received 2
      refute_received 3
    end

    test "gives nothing once the end was reached" do
      assert Source.pull(:done, 5) == {[], 0, :done}
    end
  end

  describe "close/1" do
    test "closes an open source once, and one at its end not again" do
      test = self()

      open = fn ->
        Stream.resource(fn -> 0 end, &{[&1], &1 + 1}, fn _last -> send(test, :closed) end)
      end

      {[0], 1, source} = Source.pull(Source.new(open.()), 1)
      refute_received :closed
      assert Source.close(source) == :ok
      assert_received :closed

      {_items, 2, :done} = Source.pull(Source.new(Stream.take(open.(), 2)), 5)
      assert_received :closed
      assert Source.close(:done) == :ok
      refute_received :closed
    end
  end

  describe "total/1" do
    test "counts what costs nothing, and nothing else" do
      assert Source.total([1, 2]) == 2
      assert Source.total(1..10//3) == 4
      assert Source.total(%{a: 1}) == 1
      assert Source.total(MapSet.new([1, 2])) == 2
      assert Source.total(Stream.map([1], & &1)) == nil
      assert Source.total(File.stream!("no such file")) == nil
    end
  end
end
