# What lowers the tail of work that cannot yield: limits, smaller pools, pauses, niceness.

for file <-
      ~w(support/bench support/calibrate support/figures support/markdown support/progress support/results
               support/reload support/sweep tail/pauser tail/variants tail/report) do
  Code.require_file(file <> ".exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.{Calibrate, Reload, Results, Sweep}
alias Cantilever.Bench.Tail.{Pauser, Report, Variants}
alias Cantilever.Responsiveness
alias Cantilever.Responsiveness.ElixirLoad

schedulers = System.schedulers_online()
compiled = Reload.compile!(Path.join(__DIR__, "tail/modules.exs"))
:ok = Reload.with_settings!(compiled, [])
{module, _beam} = compiled

set = fn variant ->
  settings = [
    threads: variant.threads,
    threads_nice: variant.nice,
    dirty_cpu_limit: variant.limit
  ]

  :ok = Reload.with_settings!(compiled, settings)
end

beside_elixir = fn
  0, measure ->
    measure.()

  count, measure ->
    compute = fn -> Enum.each(Stream.cycle([:once]), fn _ -> ElixirLoad.run_for(10_000) end) end
    processes = for _ <- 1..count, do: spawn_link(compute)

    try do
      measure.()
    after
      for process <- processes do
        Process.unlink(process)
        Process.exit(process, :kill)
      end
    end
end

Bench.main("tail", fn %{quick: quick?} ->
  {rounds, duration_ms} = if quick?, do: {1, 500}, else: {5, 2_500}
  n = Calibrate.input(&module.dirty/1, 20_000_000, 20_000)
  expected = div((n - 1) * n * (2 * n - 1), 6)

  keys =
    for(callers <- [4, 16], variant <- Variants.all(schedulers), do: {variant, callers, 0}) ++
      for variant <- Variants.beside_elixir(schedulers), do: {variant, 4, schedulers}

  {idle, figures} =
    Sweep.run(keys, rounds, duration_ms, fn {variant, callers, elixir} ->
      set.(variant)
      call = fn -> apply(module, variant.function, [n]) end
      ^expected = call.()
      sample = fn -> Responsiveness.sample(call, concurrency: callers, duration: duration_ms) end

      beside_elixir.(elixir, fn ->
        if variant.pauses?, do: Pauser.during(&module.pause/1, sample), else: sample.()
      end)
    end)

  cells =
    for {variant, callers, elixir} = key <- keys do
      %{variant: variant, callers: callers, elixir: elixir, figures: Map.fetch!(figures, key)}
    end

  page = Report.page(cells, idle, Bench.Machine.describe())
  Results.write!([{"tail.md", page}], quick: quick?)

  results =
    Enum.flat_map(cells, fn cell ->
      Sweep.results("#{Report.beside(cell)}, #{cell.variant.title}", cell.figures, [
        {"p50", :p50_us, "us"},
        {"p99", :p99_us, "us"},
        {"p99.9", :p999_us, "us"},
        {"calls", :calls_per_s, "calls/s"}
      ])
    end)

  {results, []}
end)
