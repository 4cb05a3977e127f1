defmodule Cantilever.JSON.Tool.ProgressTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON.Tool.Progress

  describe "line/2" do
    test "fits the terminal" do
      progress = %{Progress.new(2_000_000, false) | columns: 80, done: 500_000, wrong: 3}
      line = Progress.line(progress, 1_000)
      assert String.length(line) == 79
      assert line =~ ~r/^\[#+\.+\] 25 % of 2 MB, 3 wrong, 500 kB\/s, 3 s left *$/

      for columns <- 1..120 do
        assert String.length(Progress.line(%{progress | columns: columns}, 1_000)) == columns - 1
      end
    end

    test "says what it can where the length is not known, and before anything is done" do
      progress = %{Progress.new(nil, false) | columns: 40, done: 500}
      assert String.trim(Progress.line(progress, 1_000)) == "500 B, 500 B/s"
      assert Progress.line(%{Progress.new(9, false) | columns: 40}, 0) =~ "0 B/s"
    end
  end

  describe "further/3" do
    test "draws nothing where it is not to be shown" do
      progress = Progress.new(9, false)
      assert %{done: 4, wrong: 1, drawn?: false} = progress = Progress.further(progress, 4, 1)
      assert Progress.clear(progress) == progress
    end
  end
end
