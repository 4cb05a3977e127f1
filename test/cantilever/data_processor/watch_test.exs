defmodule Cantilever.DataProcessor.WatchTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Watch

  test "looks at a lone item in the first millisecond in which its time is certainly over" do
    watch = Watch.new(1, :auto, 1_000)
    assert Watch.due(watch, 300, 1_000) == 1_301
    # An item that began at 1,000.9 has had 299.1 ms at 1,300.0.
    refute Watch.overdue?(watch, 300, 1_300)
    assert Watch.overdue?(watch, 300, 1_301)
    refute Watch.cut?(watch, 9_000)
  end

  test "counts the time of an item in a chunk from when it is first seen" do
    watch = Watch.new(5, 5, 0)
    assert Watch.due(watch, 300, 0) == 30
    watch = watch |> Watch.seen(2, 30) |> Watch.seen(2, 60)
    refute Watch.overdue?(watch, 300, 330)
    assert Watch.overdue?(watch, 300, 331)
    refute Watch.overdue?(Watch.seen(watch, 3, 331), 300, 331)
  end

  test "looks at a chunk ten times per timeout, and no later than when the time is over" do
    watch = Watch.new(5, 5, 0)
    assert Watch.due(watch, 300, 0) == 30
    assert Watch.due(watch, 300, 270) == 300
    assert Watch.due(watch, 300, 300) == 301
    assert Watch.due(watch, 300, 400) == 401
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
