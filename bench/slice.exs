# How the length of a slice changes what others wait for and how much gets done.

for file <-
      ~w(support/bench support/calibrate support/figures support/markdown support/progress support/results
               support/reload slice/choice slice/report) do
  Code.require_file(file <> ".exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.{Calibrate, Figures, Progress, Reload, Results}
alias Cantilever.Bench.Slice.Report
alias Cantilever.Responsiveness

slices_us = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000]
callers = [1, 4, 16]

compiled = Reload.compile!(Path.join(__DIR__, "slice/modules.exs"))
:ok = Reload.with_settings!(compiled, [])
{module, _beam} = compiled

Bench.main("slice", fn %{quick: quick?} ->
  {rounds, duration_ms} = if quick?, do: {1, 300}, else: {5, 2_500}
  n = Calibrate.input(&module.sum_of_squares/1, 20_000_000, 20_000)
  expected = div((n - 1) * n * (2 * n - 1), 6)
  keys = for slice_us <- slices_us, callers <- callers, do: {slice_us, callers}
  progress = Progress.new((length(keys) + 1) * rounds)

  step = fn sample ->
    :ok = Progress.step(progress)
    sample
  end

  sampled = fn {slice_us, callers} ->
    :ok = Reload.with_settings!(compiled, slice_us: slice_us)
    ^expected = module.sum_of_squares(n)

    step.(
      Responsiveness.sample(fn -> module.sum_of_squares(n) end,
        concurrency: callers,
        duration: duration_ms
      )
    )
  end

  idle = fn -> step.(Responsiveness.sample(nil, duration: duration_ms)) end
  measurements = [{:idle, idle} | Enum.map(keys, &{&1, fn -> sampled.(&1) end})]
  {idle, samples} = measurements |> Bench.rounds(rounds, warm_up: false) |> Map.pop!(:idle)

  idle = Figures.of(idle)

  points =
    for {slice_us, callers} = key <- keys do
      %{slice_us: slice_us, callers: callers, figures: Figures.of(Map.fetch!(samples, key))}
    end

  Results.write!(
    [
      {"slice.md", Report.page(points, idle, Bench.Machine.describe())},
      {"slice.svg", Report.svg(points, idle)}
    ],
    quick: quick?
  )

  IO.puts(Report.conclusion(points, idle))

  results =
    for %{figures: figures} = point <- points,
        {name, figure, unit} <- [
          {"p99", figures.p99_us, "us"},
          {"p99.9", figures.p999_us, "us"},
          {"calls", figures.calls_per_s, "calls/s"}
        ] do
      Bench.result("#{point.slice_us} us, #{point.callers} callers: #{name}", figure.rounds, unit)
    end

  {results, []}
end)
