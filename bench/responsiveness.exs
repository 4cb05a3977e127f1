# What a function in native code does to everybody else on the node, by the way in which it runs: three jobs, one to
# sixteen callers, and a probe beside them.

for file <- ~w(bench calibrate cargo figures markdown progress results) do
  Code.require_file("support/#{file}.exs", __DIR__)
end

for file <-
      ~w(modules arithmetic records unfilter thumbnail program ways jobs plan shortfalls report goals chart) do
  Code.require_file("responsiveness/#{file}.exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.{Figures, Progress, Results}
alias Cantilever.Bench.Responsiveness.{Chart, Goals, Jobs, Plan, Program, Report, Ways}
alias Cantilever.Responsiveness

# One round of one cell.
sample = fn cell, jobs ->
  options = [duration: cell.duration_ms, priority: cell.priority]
  job = Map.fetch!(jobs, cell.job)

  case cell.way do
    :idle ->
      Responsiveness.sample(nil, options)

    way ->
      input = if way == :elixir, do: job.small, else: job.input
      run = job.run
      Responsiveness.sample(fn -> run.(way, input) end, [concurrency: cell.callers] ++ options)
  end
end

Bench.main(
  "responsiveness",
  fn %{quick: quick?} ->
    Program.build!()
    jobs = Jobs.all(quick?)
    Jobs.check!(jobs)
    by_key = Map.new(jobs, &{&1.key, &1})

    turns = [
      {:rounds, Plan.cells(quick?), Plan.rounds(quick?)},
      {:fair, Plan.fair_cells(quick?), 1},
      {:rounds, Plan.blocking_cells(quick?), 1}
    ]

    progress = Progress.new(Enum.sum(for {_, cells, rounds} <- turns, do: length(cells) * rounds))
    key = &Map.take(&1, [:job, :callers, :priority, :way])

    # The longer sample of a cell tells of fairness alone: its latencies saw more than those of the cells beside it.
    samples =
      Enum.reduce(turns, %{}, fn {kind, cells, rounds}, samples ->
        measurements =
          for cell <- cells do
            {{kind, key.(cell)},
             fn ->
               sample = sample.(cell, by_key)
               :ok = Progress.step(progress)
               sample
             end}
          end

        measurements
        |> Bench.rounds(rounds, warm_up: false)
        |> Map.merge(samples)
      end)

    cells =
      for group <-
            quick? |> Plan.cells() |> Enum.map(&Map.drop(&1, [:way, :duration_ms])) |> Enum.uniq(),
          way <- Ways.all(),
          key = Map.put(group, :way, way) do
        fair = Map.get(samples, {:fair, key}, [])
        Map.put(key, :figures, Figures.of(Map.fetch!(samples, {:rounds, key}), fair))
      end

    goals = Goals.of(cells)

    about = %{
      machine: Bench.Machine.describe(),
      goals: goals,
      notes: Enum.map(jobs, & &1.note)
    }

    Results.write!(
      [
        {"responsiveness.md", Report.page(cells, about)},
        {"responsiveness.svg", Chart.svg(cells)}
      ],
      quick: quick?
    )

    IO.write([?\n, Report.table(cells), ?\n])
    {Report.results(cells), goals}
  end,
  &Bench.goals_table/1
)
