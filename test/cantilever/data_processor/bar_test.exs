defmodule Cantilever.DataProcessor.BarTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Bar
  alias Cantilever.DataProcessor.Progress

  describe "line/2" do
    test "shows share, failures, rate and time left" do
      line = Bar.line(Progress.new(50, 2, 200, 1_000), 100)

      assert String.trim(line) ==
               "[##########..............................] 50/200 (25 %), 2 failed, 50.0/s, 3.0 s left"
    end

    test "always fills the same columns, whatever fits" do
      for columns <- [1, 5, 20, 40, 80, 200], done <- [0, 1, 99, 100], total <- [100, nil, 0] do
        line = Bar.line(Progress.new(done, 0, total, 61_000), columns)
        assert String.length(line) == columns - 1
      end
    end
  end

  describe "summary/1" do
    test "does without a total" do
      assert Bar.summary(Progress.new(1_500, 0, nil, 1_000)) == "1500, 1500/s"
    end

    test "tells how long it took at the end" do
      assert Bar.summary(Progress.new(3, 0, 3, 90_000, true)) ==
               "3/3 (100 %), 0.0/s, took 1 min 30 s"
    end

    test "writes durations in readable units" do
      for {elapsed, text} <- [{900, "0.9 s"}, {12_000, "12 s"}, {3_723_000, "1 h 2 min"}] do
        assert Bar.summary(Progress.new(1, 0, 2, elapsed)) =~ "#{text} left"
      end
    end
  end
end
