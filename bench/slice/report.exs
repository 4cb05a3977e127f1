defmodule Cantilever.Bench.Slice.Report do
  @moduledoc """
  The page and the plot that the bench of slices writes.

      Cantilever.Bench.Slice.Report.page(points, idle, machine)
      Cantilever.Bench.Slice.Report.svg(points, idle)

  A point is a length of slices, a number of callers, and the figures that were taken of them.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.{Figures, Markdown}
  alias Cantilever.Bench.Slice.Choice
  alias Cantilever.Responsiveness.Plot

  # The number of callers that the choice is made by.
  @judged 4

  @type point :: %{slice_us: pos_integer, callers: pos_integer, figures: Figures.t()}

  @doc "The whole page."
  @spec page([point], Figures.t(), Bench.Machine.t()) :: iodata
  def page(points, idle, machine) do
    [
      "# How long a slice should be\n\n",
      "Callers loop around a yielding sum of squares that takes 20 ms, with slices of different lengths. Times of the\n",
      "probe are in ms, of slices in µs; each figure is the median of its rounds. #{Markdown.machine(machine)}\n",
      "`bin/bench slice` repeats it.\n\n",
      "![throughput and p99 over the length of a slice](slice.svg)\n\n",
      table(points, idle),
      "\n",
      conclusion(points, idle),
      "\n"
    ]
  end

  @doc "The table alone."
  @spec table([point], Figures.t()) :: iodata
  def table(points, idle) do
    callers = points |> Enum.map(& &1.callers) |> Enum.uniq()

    head = [
      "slice, µs"
      | Enum.flat_map(callers, &["p99, #{Markdown.callers(&1)}", "p99.9", "calls/s"])
    ]

    nothing = [
      "nothing runs"
      | Enum.flat_map(callers, fn _callers -> [ms(idle.p99_us), ms(idle.p999_us), ""] end)
    ]

    rows =
      for {slice_us, of_slice} <- points |> Enum.group_by(& &1.slice_us) |> Enum.sort() do
        [
          "#{slice_us}"
          | Enum.flat_map(
              callers,
              &cells(Enum.find(of_slice, fn point -> point.callers == &1 end))
            )
        ]
      end

    Markdown.table(head, [nothing | rows])
  end

  defp cells(%{figures: figures}) do
    [
      ms(figures.p99_us),
      ms(figures.p999_us),
      Markdown.figure(Bench.median(figures.calls_per_s.rounds))
    ]
  end

  defp ms(figure), do: Markdown.ms(Bench.median(figure.rounds))

  @doc "Which length the figures speak for, in a sentence."
  @spec conclusion([point], Figures.t()) :: String.t()
  def conclusion(points, idle) do
    case choice(points, idle) do
      {:ok, us, part} ->
        "The figures speak for **#{us} µs**: #{Choice.rule()}. Its throughput is #{Float.round(part, 2)} of the best one's."

      :none ->
        "The figures speak for no length: none is #{Choice.rule()}."
    end
  end

  @doc "The length that the figures speak for, and the part of the best throughput that it has."
  @spec choice([point], Figures.t()) :: {:ok, pos_integer, float} | :none
  def choice(points, idle) do
    points
    |> Enum.filter(&(&1.callers == @judged))
    |> Enum.map(fn %{slice_us: slice_us, figures: figures} ->
      %{
        slice_us: slice_us,
        p99_us: Bench.median(figures.p99_us.rounds),
        calls_per_s: Bench.median(figures.calls_per_s.rounds)
      }
    end)
    |> Choice.of(Bench.median(idle.p99_us.rounds))
  end

  @doc "Both plots, the latency above the throughput."
  @spec svg([point], Figures.t()) :: iodata
  def svg(points, idle) do
    Plot.stack("Latency and throughput over the length of a slice", [
      [
        title: "How long others wait",
        x: axis(),
        y: %{label: "p99 of an answer", scale: :log10, unit: :us},
        series: series(points, :p99_us),
        references: [%{name: "idle", y: Bench.median(idle.p99_us.rounds)}]
      ],
      [
        title: "How much gets done",
        x: axis(),
        y: %{label: "calls per second", scale: :linear},
        series: series(points, :calls_per_s)
      ]
    ])
  end

  defp axis, do: %{label: "length of a slice", scale: :log10, unit: :us}

  defp series(points, key) do
    for {callers, points} <- points |> Enum.group_by(& &1.callers) |> Enum.sort() do
      points =
        for point <- Enum.sort_by(points, & &1.slice_us) do
          {point.slice_us, Bench.median(Map.fetch!(point.figures, key).rounds)}
        end

      %{
        name: Markdown.callers(callers),
        style: :line,
        points: points
      }
    end
  end
end
