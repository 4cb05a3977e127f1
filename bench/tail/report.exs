defmodule Cantilever.Bench.Tail.Report do
  @moduledoc """
  The page that the bench of the tail writes.

      Cantilever.Bench.Tail.Report.page(cells, idle, %{machine: machine, left_out: []})

  A cell is a variant, a number of callers, how many processes computed in Elixir beside them, and the figures that were
  taken.
  """

  alias Cantilever.Bench.{Figures, Markdown}
  alias Cantilever.Bench.Tail.Variants

  @type cell :: %{
          variant: Variants.t(),
          callers: pos_integer,
          elixir: non_neg_integer,
          figures: Figures.t()
        }

  @head ["", "p50", "p99", "p99.9", "longest wait", "calls/s"]

  @doc "The whole page."
  @spec page([cell], Figures.t(), Cantilever.Bench.Machine.t()) :: iodata
  def page(cells, idle, machine) do
    [
      "# What lowers the tail of work that cannot yield\n\n",
      "Callers loop around a sum of squares that takes one core 20 ms, on dirty schedulers and on the pool of\n",
      "`cantilever::parallel`. Times of the probe are in ms. #{Markdown.machine(machine)}\n",
      "`bin/bench tail` repeats it.\n\n",
      table(cells, idle),
      "\n",
      "  * \"at a time\": with that as `dirty_cpu_limit`; the others wait for their turn.\n",
      "  * \"pauses\": threads of the pool sleep between pieces of some 16 µs while processes wait for a scheduler.\n",
      "  * \"nice\": the setting `threads_nice`, which only Linux has; without it, 0.\n"
    ]
  end

  @doc """
  What a cell has beside its variant.

      iex> Cantilever.Bench.Tail.Report.beside(%{callers: 4, elixir: 2})
      "4 callers, beside 2 processes that compute in Elixir"
  """
  @spec beside(%{
          required(:callers) => pos_integer,
          required(:elixir) => non_neg_integer,
          optional(atom) => term
        }) :: String.t()
  def beside(%{callers: callers, elixir: 0}), do: Markdown.callers(callers)

  def beside(%{elixir: 1} = cell),
    do: beside(%{cell | elixir: 0}) <> ", beside 1 process that computes in Elixir"

  def beside(%{elixir: count} = cell),
    do: beside(%{cell | elixir: 0}) <> ", beside #{count} processes that compute in Elixir"

  @doc "The table alone."
  @spec table([cell], Figures.t()) :: iodata
  def table(cells, idle) do
    groups =
      for cells <- Enum.chunk_by(cells, &{&1.callers, &1.elixir}) do
        title = ["**#{beside(hd(cells))}**" | List.duplicate("", length(@head) - 1)]
        [title | Enum.map(cells, &row/1)]
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
