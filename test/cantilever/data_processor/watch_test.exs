defmodule Cantilever.DataProcessor.WatchTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Watch

  test "looks at a lone item exactly when its time is over" do
    watch = Watch.new(1, :auto, 1_000)
    assert Watch.due(watch, 300, 1_000) == 1_300
    refute Watch.overdue?(watch, 300, 1_299)
    assert Watch.overdue?(watch, 300, 1_300)
    refute Watch.cut?(watch, 9_000)
  end

  test "counts the time of an item in a chunk from when it is first seen" do
    watch = Watch.new(5, 5, 0)
    assert Watch.due(watch, 300, 0) == 30
    watch = watch |> Watch.seen(2, 30) |> Watch.seen(2, 60)
    refute Watch.overdue?(watch, 300, 329)
    assert Watch.overdue?(watch, 300, 330)
    refute Watch.overdue?(Watch.seen(watch, 3, 330), 300, 330)
  end

  test "takes the rest of an automatic chunk back once, and of a fixed one never" do
    watch = Watch.new(5, :auto, 0)
    assert Watch.due(watch, 5_000, 0) == 20
    refute Watch.cut?(watch, 19)
    assert Watch.cut?(watch, 20)
    refute Watch.cut?(Watch.cut(watch), 20)
    refute Watch.cut?(Watch.new(5, 5, 0), 1_000)
  end

  test "never looks again without a timeout, but never at once either" do
    assert Watch.due(Watch.new(1, 1, 0), :infinity, 0) == :infinity
    refute Watch.overdue?(Watch.new(1, 1, 0), :infinity, 1_000_000)
    assert Watch.due(Watch.new(1, 1, 0), 1, 50) == 51
  end
end
