Code.require_file("../../../bench/support/markdown.exs", __DIR__)
Code.require_file("../../../bench/responsiveness/ways.exs", __DIR__)
Code.require_file("../../../bench/responsiveness/plan.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.PlanTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Responsiveness.{Plan, Ways}

  test "a group is called by its job, its callers and what is special about them" do
    group = %{job: :records, callers: 1, priority: :low}
    assert Plan.title(group) == "records, 1 caller, low priority"
    assert Plan.title(%{group | callers: 4, priority: :normal}) == "records, 4 callers"
  end

  @longest_s %{false: 15 * 60, true: 60}

  test "every way is measured in every group" do
    for quick? <- [true, false] do
      cells = Plan.cells(quick?) ++ Plan.blocking_cells(quick?)

      for {_group, cells} <- Enum.group_by(cells, &{&1.job, &1.callers, &1.priority}) do
        assert Enum.sort(Enum.map(cells, & &1.way)) == Enum.sort(Ways.all())
      end
    end
  end

  test "what is measured for longer is among the rest" do
    keys = &MapSet.new(&1, fn cell -> Map.delete(cell, :duration_ms) end)

    for quick? <- [true, false] do
      assert MapSet.subset?(keys.(Plan.fair_cells(quick?)), keys.(Plan.cells(quick?)))
    end
  end

  test "all of it fits into the time that a bench may take, with room for calls that end late" do
    for quick? <- [true, false] do
      ms = &Enum.sum(Enum.map(&1, fn cell -> cell.duration_ms end))
      rounds_ms = Plan.rounds(quick?) * ms.(Plan.cells(quick?))
      total_ms = rounds_ms + ms.(Plan.fair_cells(quick?)) + ms.(Plan.blocking_cells(quick?))
      assert total_ms / 1_000 < 0.75 * Map.fetch!(@longest_s, quick?)
    end
  end
end
