defmodule Cantilever.DataProcessor.ChunkSizeTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.ChunkSize

  test "stays what it was given" do
    size =
      ChunkSize.new(7) |> ChunkSize.computed(7, 1) |> ChunkSize.lost() |> ChunkSize.pulled(7, 1)

    assert size.current == 7
  end

  describe "with :auto" do
    test "begins at 1 and grows at most eightfold for tiny items, up to its limit" do
      {sizes, _size} =
        Enum.map_reduce(1..6, ChunkSize.new(:auto), fn _round, size ->
          {size.current, ChunkSize.computed(size, size.current, 0)}
        end)

      assert sizes == [1, 8, 64, 512, 4096, 4096]
      assert ChunkSize.largest() == 4096
    end

    test "aims at a millisecond" do
      size =
        Enum.reduce(1..6, ChunkSize.new(:auto), fn _round, size ->
          ChunkSize.computed(size, size.current, size.current * 10)
        end)

      assert size.current == 100
    end

    test "stays at 1 for items of a millisecond, and falls back at once" do
      assert ChunkSize.computed(ChunkSize.new(:auto), 1, 1_000).current == 1
      size = %{ChunkSize.new(:auto) | current: 4_096}
      assert ChunkSize.computed(size, 4_096, 5_000_000).current == 1
    end

    test "follows a slow source" do
      size = ChunkSize.pulled(ChunkSize.new(:auto), 1, 500)
      assert ChunkSize.computed(size, 1, 0).current == 2
    end

    test "shrinks where tasks die, never below 1" do
      size = ChunkSize.lost(%{ChunkSize.new(:auto) | current: 64})
      assert size.current == 8
      assert (size |> ChunkSize.lost() |> ChunkSize.lost()).current == 1
    end
  end
end
