defmodule Cantilever.DataProcessor.SegmentTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Segment

  describe "new/2" do
    test "turns a worker's backward lists forward" do
      assert Segment.new([3, 2, 1], []) == {:results, [1, 2, 3]}

      segment = Segment.new([nil, nil, 2, nil], [{4, :late}, {1, :early}])
      assert segment == {:outcomes, [error: :early, ok: 2, ok: nil, error: :late], 2}
      assert Segment.failed(segment) == 2
      assert Segment.error(segment) == :early
    end
  end

  describe "outcomes/2" do
    test "prepends to a tail" do
      assert Segment.outcomes({:results, [1, nil]}, ok: 2) == [ok: 1, ok: nil, ok: 2]
      assert Segment.outcomes({:outcomes, [error: :e], 1}, ok: 2) == [error: :e, ok: 2]
    end
  end

  describe "from_outcomes/1" do
    test "unwraps where nothing failed" do
      assert Segment.from_outcomes(ok: 1, ok: 2) == {:results, [1, 2]}
      assert Segment.from_outcomes(ok: 1, error: :e) == {:outcomes, [ok: 1, error: :e], 1}
    end
  end
end
