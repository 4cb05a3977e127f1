defmodule Cantilever.Responsiveness.Summary do
  @moduledoc false
  # What the terminal shows of a report: the table, then the verdict with its reasons.

  alias Cantilever.Responsiveness.Report
  alias Cantilever.Responsiveness.Table
  alias Cantilever.Units

  @doc "The lines; the last ones are the verdict."
  @spec render(Report.t()) :: iodata
  def render(report) do
    [
      [Table.render(report), "\n\n"],
      "callers: #{report.concurrency}, rounds: #{report.rounds}, of #{Units.duration_ms(report.duration_ms)} each, schedulers: #{report.schedulers}\n\n",
      verdict(report.verdict)
    ]
  end

  defp verdict(%{status: :fine}), do: "fine: the call keeps the node responsive"

  defp verdict(%{status: :fails, reasons: reasons}) do
    ["fails:" | for(reason <- reasons, do: ["\n  * ", reason.message, "\n    ", reason.advice])]
  end
end
