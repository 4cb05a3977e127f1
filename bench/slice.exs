# How the length of a slice changes what others wait for and how much gets done.

for file <-
      ~w(support/bench support/calibrate support/figures support/markdown support/progress support/results
               support/reload support/sweep slice/choice slice/report) do
  Code.require_file(file <> ".exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.{Calibrate, Reload, Results, Sweep}
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

  {idle, figures} =
    Sweep.run(keys, rounds, duration_ms, fn {slice_us, callers} ->
      :ok = Reload.with_settings!(compiled, slice_us: slice_us)
      ^expected = module.sum_of_squares(n)
      call = fn -> module.sum_of_squares(n) end
      Responsiveness.sample(call, concurrency: callers, duration: duration_ms)
    end)

  points =
    for {slice_us, callers} = key <- keys do
      %{slice_us: slice_us, callers: callers, figures: Map.fetch!(figures, key)}
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
    Enum.flat_map(points, fn point ->
      title = "#{point.slice_us} us, #{point.callers} callers"

      named = [
        {"p99", :p99_us, "us"},
        {"p99.9", :p999_us, "us"},
        {"calls", :calls_per_s, "calls/s"}
      ]

      Sweep.results(title, point.figures, named)
    end)

  {results, []}
end)
