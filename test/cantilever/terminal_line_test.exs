defmodule Cantilever.TerminalLineTest do
  use ExUnit.Case, async: true

  alias Cantilever.TerminalLine

  doctest TerminalLine

  test "a line is never longer than the terminal is wide, nor shorter than the one before it" do
    for columns <- [0, 1, 2, 10, 80] do
      assert String.length(TerminalLine.fit("round 2 of 3", columns)) == max(columns - 1, 0)
    end
  end

  test "a bar is empty, full, and never more than full" do
    assert TerminalLine.bar(0, 7, 4) == "...."
    assert TerminalLine.bar(7, 7, 4) == "####"
    assert TerminalLine.bar(9, 7, 4) == "####"
  end
end
