defmodule Cantilever.Bench.Tail.Report do
  @moduledoc """
  The page that the bench of the tail writes.

      Cantilever.Bench.Tail.Report.page(cells, idle, %{machine: machine, left_out: []})

  A cell is a variant, a number of callers, and the figures that were taken of them.
  """

  alias Cantilever.Bench.{Figures, Markdown}
  alias Cantilever.Bench.Tail.Variants

  @type cell :: %{variant: Variants.t(), callers: pos_integer, figures: Figures.t()}

  @head ["", "p50", "p99", "p99.9", "longest wait", "calls/s"]

  @doc """
  The whole page. `left_out` are the variants that the system refused, with its reasons.
  """
  @spec page([cell], Figures.t(), %{
          machine: Cantilever.Bench.Machine.t(),
          left_out: [{title :: String.t(), reason :: String.t()}]
        }) :: iodata
  def page(cells, idle, about) do
    [
      "# What lowers the tail of work that cannot yield\n\n",
      "Callers loop around a sum of squares that takes one core 20 ms, on dirty schedulers and on the pool of\n",
      "`cantilever::parallel`. Times of the probe are in ms. #{Markdown.machine(about.machine)}\n",
      "`bin/bench tail` repeats it.\n\n",
      table(cells, idle),
      "\n",
      Enum.map(about.left_out, fn {title, reason} -> "  * #{title}: left out, #{reason}.\n" end),
      "  * \"at a time\": with that as `dirty_cpu_limit`; the others wait for their turn.\n",
      "  * \"pauses\": threads of the pool sleep between pieces of some 16 µs while processes wait for a scheduler.\n",
      "  * \"low priority\": the system's nice 19, for the threads of the pool alone.\n"
    ]
  end

  @doc "The table alone."
  @spec table([cell], Figures.t()) :: iodata
  def table(cells, idle) do
    groups =
      for {callers, cells} <- cells |> Enum.group_by(& &1.callers) |> Enum.sort() do
        [
          ["**#{Markdown.callers(callers)}**" | List.duplicate("", length(@head) - 1)]
          | Enum.map(cells, &row/1)
        ]
      end

    Markdown.table(@head, [["nothing runs" | latencies(idle)] ++ [""] | Enum.concat(groups)])
  end

  defp row(%{variant: variant, figures: figures}) do
    [variant.title | latencies(figures)] ++ [Markdown.figure(figures.calls_per_s.value)]
  end

  defp latencies(figures) do
    for key <- [:p50_us, :p99_us, :p999_us, :max_us],
        do: Markdown.ms(Map.fetch!(figures, key).value)
  end
end
