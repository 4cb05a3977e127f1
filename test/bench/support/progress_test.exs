Code.require_file("../../../bench/support/progress.exs", __DIR__)

defmodule Cantilever.Bench.ProgressTest do
  # Standard error is everybody's.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO

  alias Cantilever.Bench.Progress

  test "says how far it is at every tenth of the steps" do
    lines =
      capture_io(:stderr, fn ->
        progress = Progress.new(25)
        for _step <- 1..25, do: :ok = Progress.step(progress)
      end)
      |> String.split("\n", trim: true)

    assert length(lines) == 10
    assert List.first(lines) =~ ~r/^3 of 25, \d+ s$/
    assert List.last(lines) =~ ~r/^25 of 25, \d+ s$/
  end
end
