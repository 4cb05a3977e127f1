defmodule Cantilever.JSON.Tool.LinesTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON.Tool.Lines

  describe "blocks/1" do
    test "end where lines do, however the text is cut" do
      text = "one\n\nthree is longer\nfour"

      for size <- 1..byte_size(text) do
        chunks = for <<chunk::binary-size(size) <- text>>, do: chunk
        rest = binary_part(text, byte_size(text), -rem(byte_size(text), size))
        blocks = Enum.to_list(Lines.blocks(chunks ++ [rest]))
        assert IO.iodata_to_binary(blocks) == text
        assert Enum.all?(Enum.drop(blocks, -1), &String.ends_with?(&1, "\n"))
      end

      assert Enum.to_list(Lines.blocks([])) == []
    end
  end

  describe "run/4" do
    defp run(chunks, mode) do
      Lines.run(chunks, mode, [], fn done, all -> {:ok, [done | all]} end)
    end

    test "counts lines, and places what is wrong among all of them" do
      assert {:ok, totals, blocks} = run(["1\n2\n", "\n \n[3\n", "4 5\n6"], :check)
      assert totals == %{lines: 7, documents: 3, wrong: 2, bytes: 15}
      faults = for block <- blocks, {place, _what} <- block.faults, do: {place.line, place.column}
      assert Enum.sort(faults) == [{5, 3}, {6, 3}]
      assert Enum.all?(blocks, &(&1.output == []))
    end

    test "gives what is to be printed, in order" do
      assert {:ok, _totals, blocks} = run(["[ 1]\n{\"b\":2,\"a\":1", "}\n"], {:print, []})

      assert blocks |> Enum.reverse() |> Enum.map(& &1.output) |> IO.iodata_to_binary() ==
               "[1]\n{\"b\":2,\"a\":1}\n"
    end

    test "stops where it is told to" do
      chunks = Stream.repeatedly(fn -> "1\n" end)

      assert Lines.run(chunks, :check, 0, fn
               _done, 3 -> {:error, :enough}
               _done, count -> {:ok, count + 1}
             end) == {:error, 3, :enough}
    end
  end
end
