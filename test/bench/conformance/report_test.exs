Code.require_file("../../../bench/conformance/report.exs", __DIR__)

defmodule Cantilever.Bench.Conformance.ReportTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Conformance.Report

  defp judged(id, section, verdict) do
    %{
      id: id,
      section: section,
      verdict: verdict,
      behavior: "BEHAVIOUR",
      close: "CLOSING",
      seen: "this",
      expected: "that"
    }
  end

  defp framing(verdicts),
    do: for({verdict, n} <- Enum.with_index(verdicts, 1), do: judged("1.1.#{n}", 1, verdict))

  defp met(cases, sections), do: cases |> Report.goals(sections) |> Enum.map(& &1.met)

  describe "table/1" do
    test "counts the cases of each section, and all of them" do
      cases = framing([:ok, :ok, :failed]) ++ [judged("10.1.1", 10, :informational)]

      assert [_head, "1  framing" <> framing, "10  miscellaneous" <> miscellaneous, "all" <> all] =
               cases |> Report.table() |> IO.iodata_to_binary() |> String.split("\n", trim: true)

      assert String.split(framing) == ~w(3 2 0 0 1)
      assert String.split(miscellaneous) == ~w(1 0 0 1 0)
      assert String.split(all) == ~w(4 2 0 1 1)
    end
  end

  describe "exceptions/1" do
    test "tells of each case that is not OK, and why one is not strict" do
      text = [:ok, :failed, :non_strict] |> framing() |> Report.exceptions() |> to_string()

      refute text =~ "1.1.1"
      assert text =~ "1.1.2: BEHAVIOUR, closing: CLOSING\n  seen:     this\n  expected: that\n\n"
      assert text =~ "1.1.3: BEHAVIOUR"
      assert text =~ "reason:   none is stated"
    end
  end

  describe "goals/2" do
    test "are met by a whole section that is OK or informational" do
      assert met(framing([:informational | List.duplicate(:ok, 15)]), [1]) == [true, true, true]
    end

    test "are missed by a case that was not run, that failed, or that is not strict for no reason" do
      assert met(framing(List.duplicate(:ok, 15)), [1]) == [false, true, true]
      assert met(framing([:failed | List.duplicate(:ok, 15)]), [1]) == [true, false, true]
      assert met(framing([:non_strict | List.duplicate(:ok, 15)]), [1]) == [true, true, false]
    end
  end
end
