defmodule Cantilever.Responsiveness.ProgressLineTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.ProgressLine

  defp progress(given \\ []) do
    Map.merge(
      %{phase: :elixir, round: 2, rounds: 3, elapsed_ms: 4_500, total_ms: 9_000},
      Map.new(given)
    )
  end

  # As wide as it is told to, and everything that is written to it is sent to the test.
  defp terminal(columns) do
    test = self()
    spawn_link(fn -> serve(columns, test) end)
  end

  defp serve(columns, test) do
    receive do
      {:io_request, from, reference, {:get_geometry, :columns}} ->
        send(from, {:io_reply, reference, columns})

      {:io_request, from, reference, {:put_chars, :unicode, text}} ->
        send(test, {:written, IO.chardata_to_string(text)})
        send(from, {:io_reply, reference, :ok})
    end

    serve(columns, test)
  end

  defp written do
    receive do
      {:written, text} -> [text | written()]
    after
      0 -> []
    end
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

    test "draws one line over itself on a terminal, and clears it in the end, whatever happens" do
      terminal = terminal(40)
      drawn = "\r" <> ProgressLine.line(progress(), 40)
      cleared = "\r" <> String.duplicate(" ", 39) <> "\r"

      assert ProgressLine.during(terminal, fn tell ->
               tell.(progress())
               tell.(progress(phase: :call))
               :result
             end) == :result

      assert written() == [drawn, "\r" <> ProgressLine.line(progress(phase: :call), 40), cleared]

      assert_raise RuntimeError, "boom", fn ->
        ProgressLine.during(terminal, fn tell ->
          tell.(progress())
          raise "boom"
        end)
      end

      assert written() == [drawn, cleared]
    end

    test "lets an error through" do
      {:ok, device} = StringIO.open("")

      assert_raise RuntimeError, "boom", fn ->
        ProgressLine.during(device, fn _tell -> raise "boom" end)
      end
    end
  end
end
