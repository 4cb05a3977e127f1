Code.require_file("../../../bench/slice/choice.exs", __DIR__)

defmodule Cantilever.Bench.Slice.ChoiceTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Slice.Choice

  test "it is the longest one that is good enough" do
    points = [
      %{slice_us: 10, p99_us: 200, calls_per_s: 90.0},
      %{slice_us: 20, p99_us: 210, calls_per_s: 99.0},
      %{slice_us: 50, p99_us: 240, calls_per_s: 100.0},
      %{slice_us: 100, p99_us: 900, calls_per_s: 100.0}
    ]

    assert Choice.of(points) == {:ok, 50}
  end

  test "a length must be good at both" do
    quick = %{slice_us: 10, p99_us: 100, calls_per_s: 50.0}
    busy = %{slice_us: 1_000, p99_us: 2_000, calls_per_s: 100.0}
    assert Choice.of([quick, busy]) == :none
    assert Choice.of([quick, busy, %{slice_us: 50, p99_us: 125, calls_per_s: 97.0}]) == {:ok, 50}
  end
end
