defmodule Cantilever.Responsiveness.ProgressLineTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.ProgressLine

  defp progress(given \\ []) do
    Map.merge(
      %{phase: :elixir, round: 2, rounds: 3, elapsed_ms: 4_500, total_ms: 9_000},
      Map.new(given)
    )
  end

  describe "line/2" do
    test "shows the round, what runs, and the time left" do
      assert String.trim(ProgressLine.line(progress(), 80)) ==
               "[############............] round 2 of 3, pure Elixir, 5 s left"
    end

    test "always fills the same columns, whatever fits" do
      for columns <- [1, 5, 20, 40, 80, 200],
          elapsed <- [0, 8_999, 9_000, 20_000],
          total <- [0, 9_000] do
        line = ProgressLine.line(progress(elapsed_ms: elapsed, total_ms: total), columns)
        assert String.length(line) == columns - 1
      end
    end
  end

  describe "during/2" do
    test "writes a line for each round where there is no terminal" do
      {:ok, device} = StringIO.open("")

      assert ProgressLine.during(device, fn tell ->
               for round <- 1..2,
                   phase <- [:idle, :elixir, :call],
                   do: tell.(progress(round: round, phase: phase))

               :result
             end) == :result

      assert {"", "round 1 of 3, 5 s left\nround 2 of 3, 5 s left\n"} = StringIO.contents(device)
    end

    test "lets an error through" do
      {:ok, device} = StringIO.open("")

      assert_raise RuntimeError, "boom", fn ->
        ProgressLine.during(device, fn _tell -> raise "boom" end)
      end
    end
  end
end
