defmodule Cantilever.Bench.WebSocket.Report do
  @moduledoc """
  The figures and goals as tables, with a column of what Phoenix gave.

      goal = Bench.goal("connect and join (connections/s)", 11_000, ">=", 10_000)
      Cantilever.Bench.WebSocket.Report.beside(goal, "3 700 to 4 800")

  Those figures are not measured here: they are of Phoenix 1.8 Channels on Bandit and OTP 29, on another machine of this kind.
  """

  alias Cantilever.Bench

  @note "* Phoenix 1.8 Channels on Bandit, OTP 29: measured elsewhere, on a machine of this kind, with the client on the same two cores\n"

  @doc "Puts what Phoenix gave beside a result or a goal."
  @spec beside(record, String.t()) :: record when record: Bench.result() | Bench.goal()
  def beside(record, phoenix), do: Map.put(record, :phoenix, phoenix)

  @doc "What the terminal shows."
  @spec table(map) :: iodata
  def table(bench) do
    machine = Enum.map_join(bench.machine, ", ", fn {key, value} -> "#{key} #{value}" end)

    [
      [machine, ?\n],
      Bench.grid([["", "median", "unit", "min", "max", "runs", "Phoenix*"] | rows(bench.results)]),
      ?\n,
      Bench.grid([["goal", "value", "wanted", "", "Phoenix*"] | rows(bench.goals)]),
      ?\n,
      @note
    ]
  end

  defp rows(records),
    do: for(record <- records, do: row(record) ++ [Map.get(record, :phoenix, "")])

  defp row(%{goal: wanted} = goal),
    do: [goal.name, Bench.number(goal.value), wanted, if(goal.met, do: "met", else: "NOT MET")]

  defp row(result) do
    [
      result.name,
      Bench.number(result.value),
      result.unit,
      Bench.number(result.min),
      Bench.number(result.max),
      "#{result.runs}"
    ]
  end
end
