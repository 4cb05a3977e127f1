defmodule Cantilever.Bench.Soak.Verdict do
  @moduledoc """
  Judges what a soak has measured: nothing may have failed, and nothing may grow.

      iex> Cantilever.Bench.Soak.Verdict.slope([{0, 1.0}, {1, 3.0}, {2, 5.0}, {3, 100.0}])
      2.0

  Growth is looked for in two ways. Under load, a line is fitted to the samples after warming up: the median of the slopes
  between pairs of samples, which a few high ones do not move. At rest, after a collection of every process, the
  node's footprint at the end is compared with the one after warming up: there even one object too many shows.
  """

  alias Cantilever.Bench

  @mega 1_000_000

  # {what, title, divisor, unit, what it may grow under load from the end of the warm-up to the end, in that unit}.
  # Memory at work goes up and down by what is in flight: some MB.
  @parts [
    {:rss, "resident memory", @mega, "MB", 24},
    {:total, "VM, total", @mega, "MB", 12},
    {:processes_memory, "VM, processes", @mega, "MB", 8},
    {:binary, "VM, binaries", @mega, "MB", 8},
    {:system, "VM, rest of the system", @mega, "MB", 4},
    {:ets, "VM, tables", @mega, "MB", 1},
    {:code, "VM, code", @mega, "MB", 1},
    {:atoms, "atoms", 1, "", 200},
    {:processes, "processes", 1, "", 50},
    {:ports, "ports", 1, "", 2},
    {:threads, "threads of the system", 1, "", 20},
    {:live, "live native objects", 1, "", 100}
  ]

  # What may be left over at rest. Atoms come with code that is loaded late; a leak would be thousands of them. Threads of
  # the libraries' own come and go: up to four of each of three builds, and their pools'.
  @rest [
    {:binary, "VM, binaries", @mega, "MB", 1},
    {:processes_memory, "VM, processes", @mega, "MB", 2},
    {:system, "VM, rest of the system", @mega, "MB", 4},
    {:atoms, "atoms", 1, "", 200},
    {:processes, "processes", 1, "", 0},
    {:ports, "ports", 1, "", 0},
    {:threads, "threads of the system", 1, "", 20},
    {:live, "live native objects", 1, "", 0}
  ]

  @doc "The results and goals of a run whose warm-up took `warm_up_ms`."
  @spec judge(map, non_neg_integer) :: {[Bench.result()], [Bench.goal()]}
  def judge(run, warm_up_ms) do
    samples =
      for {at_ms, figures, _done} <- run.samples, at_ms >= warm_up_ms, do: {at_ms, figures}

    {results(run, samples), ended(run) ++ under_load(samples) ++ at_rest(run.rests)}
  end

  @doc "A table of the first tenth, the middle and the last tenth of what was sampled."
  @spec table(map, non_neg_integer) :: iodata
  def table(run, warm_up_ms) do
    samples =
      for {at_ms, figures, _done} <- run.samples, at_ms >= warm_up_ms, do: {at_ms, figures}

    rows =
      for {part, title, divisor, unit, _most} <- @parts,
          values = values(samples, part, divisor),
          values != [] do
        [first, middle, last] = tenths(Enum.map(values, &elem(&1, 1)))
        grown = "#{if growth(values) >= 0, do: "+"}#{round_off(growth(values))}"
        [title, unit | Enum.map([first, middle, last], &"#{round_off(&1)}")] ++ [grown]
      end

    Bench.grid([["", "", "first tenth", "middle", "last tenth", "growth"] | rows])
  end

  @doc "The median of the slopes between all pairs of points (Theil and Sen)."
  @spec slope([{number, number}]) :: float
  def slope(points) when length(points) < 2, do: 0.0

  def slope(points) do
    # Of many points some: all pairs of an hour's samples would be millions.
    points = Enum.take_every(points, div(length(points), 400) + 1)
    slopes = for {x1, y1} <- points, {x2, y2} <- points, x2 > x1, do: (y2 - y1) / (x2 - x1)
    Bench.median(slopes) / 1
  end

  defp ended(run) do
    crashed = if run.ended == :done, do: 0, else: 1

    [
      Bench.goal("crashes of the node", crashed, "<=", 0),
      Bench.goal("operations that failed", run.failure_count, "<=", 0)
    ]
  end

  defp under_load(samples) do
    for {part, title, divisor, unit, most} <- @parts,
        values = values(samples, part, divisor),
        values != [] do
      Bench.goal(named("#{title}, growth under load", unit), growth(values), "<=", most)
    end
  end

  defp at_rest(%{warm: warm, end: last}) do
    for {part, title, divisor, unit, most} <- @rest, is_integer(last[part]) do
      Bench.goal(
        named("#{title}, left at rest", unit),
        (last[part] - warm[part]) / divisor,
        "<=",
        most
      )
    end
  end

  # A node that did not live to its end has no footprint to compare, and has failed already.
  defp at_rest(_rests), do: []

  defp results(%{samples: []}, _samples), do: []

  defp results(run, samples) do
    {_at_ms, _figures, done} = List.last(run.samples)
    seconds = max(elem(List.last(run.samples), 0), 1) / 1_000
    total = done |> Map.values() |> Enum.sum()

    [
      Bench.result("operations", [total], ""),
      Bench.result("operations", [total / seconds], "per s")
    ] ++
      for {kind, count} <- Enum.sort(done) do
        Bench.result("operations: #{kind}", [count], "")
      end ++
      for {part, title, divisor, unit, _most} <- @parts,
          values = values(samples, part, divisor),
          values != [] do
        Bench.result(title, Enum.map(values, &elem(&1, 1)), unit)
      end
  end

  defp values(samples, part, divisor) do
    for {at_ms, figures} <- samples,
        is_integer(figures[part]),
        do: {at_ms, figures[part] / divisor}
  end

  # By how much the fitted line rises from the first sample to the last.
  defp growth(values) do
    {first_ms, _value} = hd(values)
    {last_ms, _value} = List.last(values)
    slope(values) * (last_ms - first_ms)
  end

  defp tenths(values) do
    count = length(values)
    size = max(div(count, 10), 1)

    for from <- [0, div(count - size, 2), count - size] do
      part = Enum.slice(values, from, size)
      Enum.sum(part) / length(part)
    end
  end

  defp named(title, ""), do: title
  defp named(title, unit), do: "#{title} (#{unit})"

  defp round_off(value) when abs(value) >= 100, do: round(value)
  defp round_off(value), do: Float.round(value / 1, 1)
end
