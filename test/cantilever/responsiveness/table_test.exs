defmodule Cantilever.Responsiveness.TableTest do
  use ExUnit.Case, async: true

  alias Cantilever.MadeUpReport
  alias Cantilever.Responsiveness.Table

  defp cells(report, title, label) do
    {_title, rows} = List.keyfind(Table.groups(report), title, 0)
    {_label, cells} = List.keyfind(rows, label, 0)
    cells
  end

  describe "groups/1" do
    test "writes each figure in the unit that fits" do
      report = MadeUpReport.fails()
      waits = "how long others waited for an answer"
      assert cells(report, waits, "p50") == ["70 µs", "75 µs", "8.06 ms"]
      assert cells(report, waits, "longest") == ["900 µs", "1.2 ms", "134 s"]
      assert cells(report, "the calls", "calls") == ["–", "250", "120"]
      assert cells(report, "the calls", "calls/s") == ["–", "83.3", "40"]
      assert cells(report, "the calls", "calls of each caller") == ["–", "120 to 130", "50 to 70"]

      assert cells(report, "the calls", "longest hold of a scheduler") == [
               "–",
               "under 2 ms",
               "100 ms"
             ]

      assert cells(report, "how busy the schedulers are", "dirty CPU") == ["50 %", "50 %", "50 %"]

      assert cells(report, "how many wait for a scheduler, mean (most)", "normal") ==
               List.duplicate("1.3 (4)", 3)

      assert cells(report, "the VM's memory", "most") == List.duplicate("52.3 MB", 3)
    end

    test "has a cell for each column" do
      for {_title, rows} <- Table.groups(MadeUpReport.fine()), {_label, cells} <- rows do
        assert length(cells) == length(Table.columns())
      end
    end
  end

  describe "render/1" do
    test "lines the columns up at their right ends" do
      [head | lines] = String.split(Table.render(MadeUpReport.fails()), "\n")
      assert head =~ ~r/^ +idle +pure Elixir +this call$/
      rows = Enum.filter(lines, &String.starts_with?(&1, "    "))
      assert length(rows) > 15
      assert rows |> Enum.map(&String.length/1) |> Enum.uniq() == [String.length(head)]
      assert String.length(head) < 80
    end
  end
end
