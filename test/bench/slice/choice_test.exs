Code.require_file("../../../bench/slice/choice.exs", __DIR__)

defmodule Cantilever.Bench.Slice.ChoiceTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Slice.Choice

  @points [
    %{slice_us: 10, p99_us: 200, calls_per_s: 90.0},
    %{slice_us: 20, p99_us: 240, calls_per_s: 99.0},
    %{slice_us: 50, p99_us: 400, calls_per_s: 110.0}
  ]

  test "it is the longest one beside which others wait about as long as on an idle node" do
    assert Choice.of(@points, 200) == {:ok, 20, 0.9}
    assert Choice.of(@points, 320) == {:ok, 50, 1.0}
  end

  test "there is none where others wait longer with any" do
    assert Choice.of(@points, 100) == :none
  end
end
