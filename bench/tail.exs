# What lowers the tail of work that cannot yield: limits, smaller pools, pauses, priorities.

for file <-
      ~w(support/bench support/calibrate support/figures support/markdown support/progress support/results
               support/reload support/sweep tail/pauser tail/variants tail/report) do
  Code.require_file(file <> ".exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.{Calibrate, Reload, Results, Sweep}
alias Cantilever.Bench.Tail.{Pauser, Report, Variants}
alias Cantilever.Responsiveness

schedulers = System.schedulers_online()
compiled = Reload.compile!(Path.join(__DIR__, "tail/modules.exs"))
:ok = Reload.with_settings!(compiled, [])
{module, _beam} = compiled

# A pool of another size is another pool, whose threads have the ordinary priority again.
new_pool = fn threads, limit ->
  :ok = Reload.with_settings!(compiled, threads: threads + 1, dirty_cpu_limit: limit)
  :ok = Reload.with_settings!(compiled, threads: threads, dirty_cpu_limit: limit)
end

Bench.main("tail", fn %{quick: quick?} ->
  {rounds, duration_ms} = if quick?, do: {1, 500}, else: {5, 2_500}
  n = Calibrate.input(&module.dirty/1, 20_000_000, 20_000)
  expected = div((n - 1) * n * (2 * n - 1), 6)

  :ok = new_pool.(schedulers, :infinity)

  {variants, left_out} =
    case module.lower_pool() do
      {:ok, ^schedulers} ->
        {Variants.all(schedulers), []}

      {:error, reason} ->
        {out, variants} = schedulers |> Variants.all() |> Enum.split_with(& &1.lowered?)
        {variants, Enum.map(out, &{&1.title, reason})}
    end

  keys = for callers <- [4, 16], variant <- variants, do: {variant, callers}

  {idle, figures} =
    Sweep.run(keys, rounds, duration_ms, fn {variant, callers} ->
      new_pool.(variant.threads, variant.limit)
      if variant.lowered?, do: {:ok, _threads} = module.lower_pool()
      call = fn -> apply(module, variant.function, [n]) end
      ^expected = call.()

      measure = fn -> Responsiveness.sample(call, concurrency: callers, duration: duration_ms) end
      if variant.pauses?, do: Pauser.during(&module.pause/1, measure), else: measure.()
    end)

  cells =
    for {variant, callers} = key <- keys do
      %{variant: variant, callers: callers, figures: Map.fetch!(figures, key)}
    end

  about = %{machine: Bench.Machine.describe(), left_out: left_out}
  page = Report.page(cells, idle, about)
  Results.write!([{"tail.md", page}], quick: quick?)

  results =
    Enum.flat_map(cells, fn cell ->
      Sweep.results("#{cell.callers} callers, #{cell.variant.title}", cell.figures, [
        {"p50", :p50_us, "us"},
        {"p99", :p99_us, "us"},
        {"p99.9", :p999_us, "us"},
        {"calls", :calls_per_s, "calls/s"}
      ])
    end)

  {results, []}
end)
