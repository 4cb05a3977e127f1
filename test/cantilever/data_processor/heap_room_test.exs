defmodule Cantilever.DataProcessor.HeapRoomTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.HeapRoom

  defp min_heap_size do
    {:garbage_collection, info} = Process.info(self(), :garbage_collection)
    info[:min_heap_size]
  end

  describe "with_room_for/2" do
    test "makes room for many items, and takes it back" do
      before = min_heap_size()
      assert HeapRoom.with_room_for(1..100_000, &min_heap_size/0) >= 500_000
      assert min_heap_size() == before
    end

    test "takes it back when the function raises" do
      before = min_heap_size()

      assert_raise RuntimeError, fn ->
        HeapRoom.with_room_for(1..100_000, fn -> raise "no" end)
      end

      assert min_heap_size() == before
    end

    test "leaves the heap alone for few items, and for who knows how many" do
      before = min_heap_size()
      assert HeapRoom.with_room_for([1, 2, 3], &min_heap_size/0) == before
      assert HeapRoom.with_room_for(Stream.cycle([1]), &min_heap_size/0) == before
    end

    test "keeps to the largest heap that the process may have" do
      limited = fn ->
        Process.flag(:max_heap_size, 1_000_000)
        HeapRoom.with_room_for(1..100_000_000, &min_heap_size/0)
      end

      assert limited |> Task.async() |> Task.await() == min_heap_size()
    end
  end
end
