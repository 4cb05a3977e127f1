# How long native work goes on after its callers were killed, and so for how long it keeps schedulers from others.

Code.require_file("support/bench.exs", __DIR__)
Code.require_file("kills/modules.exs", __DIR__)
Code.require_file("kills/killing.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Kills
alias Cantilever.Bench.Kills.Killing

cpu = :erlang.system_info(:dirty_cpu_schedulers_online)
io = :erlang.system_info(:dirty_io_schedulers)
spin_ms = 500

# {what it is called, the work, how many callers, what shows that its schedulers are free}: as many callers as it takes to
# have no dirty CPU scheduler free before the kill. Of dirty I/O schedulers there are more than cores: if all of them worked,
# the system's turns would be measured.
ways = [
  {"kit, DirtyCpu", &Kills.kit_dirty_cpu/0, cpu, &Kills.probe_dirty_cpu/0},
  {"kit, DirtyIo", &Kills.kit_dirty_io/0, cpu, &Kills.probe_dirty_io/0},
  {"kit, parallel", &Kills.kit_parallel/0, cpu, &Kills.probe_dirty_cpu/0},
  {"kit, Yielding", &Kills.kit_yielding/0, 2 * System.schedulers_online(),
   &Kills.probe_dirty_cpu/0},
  {"kit, parked", &Kills.kit_parked/0, 2 * io, &Kills.probe_dirty_io/0},
  {"rustler, DirtyCpu for #{spin_ms} ms", fn -> Kills.rustler_dirty_cpu(spin_ms) end, cpu,
   &Kills.probe_dirty_cpu/0}
]

Bench.main("kills", fn options ->
  rounds = if options.quick, do: 9, else: 41

  samples =
    Bench.rounds(
      for {name, work, callers, probe} <- ways do
        {name, fn -> Killing.freed_after_ms(work, callers, probe) end}
      end,
      rounds
    )

  results =
    for {name, _work, _callers, _probe} <- ways, do: Bench.result(name, samples[name], "ms")

  # Who may not have waited: the slowest of all rounds counts.
  goals =
    for {"kit, " <> _way = name, _work, _callers, _probe} <- ways do
      Bench.goal("#{name}: longest until all is free (ms)", Enum.max(samples[name]), "<=", 10)
    end

  {results, goals}
end)
