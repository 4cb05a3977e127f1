defmodule Cantilever.Bench.Responsiveness.Chart do
  @moduledoc """
  The plot of the bench of responsiveness: p99 by way and callers, for the arithmetic job.

      Cantilever.Bench.Responsiveness.Chart.svg(cells)
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Responsiveness.{Report, Ways}
  alias Cantilever.Responsiveness.Plot

  @doc "The plot as SVG."
  @spec svg([Report.cell()]) :: iodata
  def svg(cells) do
    cells = Enum.filter(cells, &match?(%{job: :arithmetic, priority: :normal}, &1))

    idle =
      for %{way: :idle, figures: figures} <- cells, p99_us <- figures.p99_us.rounds, do: p99_us

    series =
      for way <- Ways.all() -- [:idle],
          points =
            for(%{way: ^way} = cell <- cells, do: {cell.callers, cell.figures.p99_us.value}),
          points != [] do
        %{name: Ways.title(way), style: :points, points: points}
      end

    Plot.svg(
      title: "How long others wait while callers compute",
      x: %{label: "callers", scale: :category},
      y: %{label: "p99 of an answer", scale: :log10, unit: :us},
      series: series,
      references: [%{name: "idle", y: Bench.median(idle)}]
    )
  end
end
