# Everything at once, for minutes or for hours, in a VM of its own: calls of every mode with good and hostile arguments,
# kills, panics, reloads, handles, parked calls. Every result is checked, and nothing may grow.

Code.require_file("support/bench.exs", __DIR__)
for file <- ~w(build node verdict), do: Code.require_file("soak/#{file}.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Soak.{Build, Node, Verdict}

options = Bench.options(System.argv(), minutes: :float, seed: :integer)
minutes = options[:minutes] || if(options.quick, do: 1 / 3, else: 10.0)

if minutes <= 0,
  do: raise(ArgumentError, "the minutes of a soak must be above 0, got: #{minutes}")

seed = options[:seed] || System.os_time(:second)
duration_ms = round(minutes * 60_000)

# The first fifth, but no more than a minute: until then, code is loaded and pools of memory are filled.
warm_up_ms = min(div(duration_ms, 5), 60_000)
workers = 3 * System.schedulers_online()
{ebin, variants} = Build.run!()

paths = for app <- [:elixir, :logger], do: :code.lib_dir(app, :ebin)
paths = [ebin, Path.join(Mix.Project.app_path(), "ebin") | Enum.map(paths, &List.to_string/1)]
IO.puts("#{round(duration_ms / 1_000)} s with #{workers} workers, seed #{seed}")

megabytes = fn
  nil -> "?"
  bytes -> "#{div(bytes, 1_000_000)} MB"
end

# A line every second on a terminal, and enough of them in a log.
every_ms =
  if match?({:ok, _columns}, :io.columns()), do: 1_000, else: max(div(duration_ms, 20), 1_000)

on_sample = fn at_ms, figures, done ->
  if rem(div(at_ms, 1_000) * 1_000, every_ms) < 1_000 do
    IO.puts(
      "#{String.pad_leading("#{div(at_ms, 1_000)}", 6)} s  #{done |> Map.values() |> Enum.sum()} operations, " <>
        "#{megabytes.(figures.rss)} resident, #{megabytes.(figures.binary)} of binaries, #{figures.atoms} atoms, " <>
        "#{figures.processes} processes, #{figures.threads || "?"} threads, #{figures.live} live native objects"
    )
  end
end

run =
  Node.run(
    paths,
    %{
      seed: seed,
      duration_ms: duration_ms,
      warm_up_ms: warm_up_ms,
      workers: workers,
      variants: variants
    },
    on_sample
  )

{results, goals} = Verdict.judge(run, warm_up_ms)
bench = %{bench: "soak", machine: Bench.Machine.describe(), results: results, goals: goals}
IO.write([?\n, Bench.table(bench), ?\n, Verdict.table(run, warm_up_ms)])
if options.json, do: File.write!(options.json, [Bench.encode(bench), ?\n])

case run.ended do
  :done -> :ok
  {:died, status} when status > 128 -> IO.puts("\nThe node died of signal #{status - 128}.")
  {:died, status} -> IO.puts("\nThe node died (exit status #{status}).")
  :silent -> IO.puts("\nThe node fell silent and was ended.")
end

if run.ended != :done do
  IO.puts("Its last operations, and those that were under way:")
  Enum.each(run.last, &IO.puts("  " <> &1))
end

if Enum.all?(goals, & &1.met) do
  IO.puts("\nverdict: no crash, nothing failed, nothing grew")
else
  IO.puts(
    "\nverdict: FAILED. To repeat it: bin/bench soak #{Float.round(minutes, 2)} --seed #{seed}"
  )

  System.halt(1)
end
