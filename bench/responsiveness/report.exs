defmodule Cantilever.Bench.Responsiveness.Report do
  @moduledoc """
  The page that the bench of responsiveness writes.

      Cantilever.Bench.Responsiveness.Report.page(cells, %{machine: machine, goals: goals, notes: notes})

  A cell is what was measured of one way of running one job: its job, its way, how many callers at which priority, and
  its figures.
  """

  alias Cantilever.Bench.{Figures, Markdown}
  alias Cantilever.Bench.Responsiveness.{Plan, Shortfalls, Ways}

  @type priority :: :normal | :low
  @type cell :: %{
          job: atom,
          callers: pos_integer,
          priority: priority,
          way: Ways.t(),
          figures: Figures.t()
        }

  @head ["", "p50", "p99", "p99.9", "longest wait", "held for", "calls/s", "least to most"]

  @doc "The whole page; cells of one group (a job, a number of callers and a priority) follow each other."
  @spec page([cell], %{
          machine: Cantilever.Bench.Machine.t(),
          goals: [Cantilever.Bench.goal()],
          notes: [String.t()]
        }) :: iodata
  def page(cells, about) do
    [
      "# How responsive the node stays\n\n",
      "While callers loop around a job in each of the ways below, a probe asks a process on each scheduler at every\n",
      "whole millisecond, and counts from the moment at which it meant to ask. Times are in ms. #{Markdown.machine(about.machine)}\n",
      "The ways of a group were measured in turns, `bin/bench responsiveness` repeats it.\n\n",
      "![p99 by way and callers](responsiveness.svg)\n\n",
      table(cells),
      "\n",
      Enum.map(notes() ++ about.notes, &["  * ", &1, ".\n"]),
      "\n## Goals, for the arithmetic job\n\n",
      Markdown.goals(about.goals),
      "\n## Where the kit is worse\n\n",
      Shortfalls.list(cells)
    ]
  end

  @doc "The table alone."
  @spec table([cell]) :: iodata
  def table(cells) do
    rows =
      cells
      |> Enum.chunk_by(&{&1.job, &1.callers, &1.priority})
      |> Enum.flat_map(fn [first | _] = group ->
        [
          ["**#{Plan.title(first)}**" | List.duplicate("", length(@head) - 1)]
          | Enum.map(group, &row/1)
        ]
      end)

    Markdown.table(@head, rows)
  end

  @doc "The records of the cells: their p99 and their calls per second, round by round."
  @spec results([cell]) :: [Cantilever.Bench.result()]
  def results(cells) do
    for cell <- cells,
        {name, figure, unit} <- [
          {"p99", cell.figures.p99_us, "us"},
          {"calls", cell.figures.calls_per_s, "calls/s"}
        ],
        name == "p99" or cell.way != :idle do
      title = "#{Plan.title(cell)}: #{Ways.title(cell.way)}: #{name}"
      Cantilever.Bench.result(title, figure.rounds, unit)
    end
  end

  defp row(%{way: way, figures: figures}) do
    latencies =
      for key <- [:p50_us, :p99_us, :p999_us, :max_us],
          do: Markdown.ms(Map.fetch!(figures, key).value)

    [Ways.title(way)] ++ latencies ++ [held(way, figures), calls(way, figures), shares(figures)]
  end

  defp held(:idle, _figures), do: ""
  defp held(_way, %{hold_ms: nil}), do: "–"
  defp held(_way, %{hold_ms: ms}), do: Integer.to_string(ms)

  defp calls(:idle, _figures), do: ""
  defp calls(:elixir, figures), do: "(#{Markdown.figure(figures.calls_per_s.value)})"
  defp calls(_way, figures), do: Markdown.figure(figures.calls_per_s.value)

  defp shares(%{shares: nil}), do: ""
  defp shares(%{shares: {least, most}}), do: "#{percent(least)} to #{percent(most)} %"

  defp percent(share), do: share |> Kernel.*(100) |> round() |> Integer.to_string()

  defp notes do
    [
      "\"held for\": the longest time that a caller held a normal scheduler, as the VM itself reports it; – means below 1 ms",
      "\"least to most\": the calls of the callers that got least and most, as parts of the mean, where each made 20 or more",
      "calls/s are compared among the ways that compute in Rust only: pure Elixir's calls, in parentheses, do less",
      "\"rustler, plain\" blocks the schedulers for as long as it is measured, and was therefore measured in one round"
    ]
  end
end
