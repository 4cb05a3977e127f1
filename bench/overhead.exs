# What a call costs, by the way in which it is made: an integer in, that integer plus one out.

Code.require_file("support/bench.exs", __DIR__)
Code.require_file("overhead/c.exs", __DIR__)
Code.require_file("overhead/modules.exs", __DIR__)
Code.require_file("overhead/loops.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Overhead
alias Cantilever.Bench.Overhead.Loops

# {loop, what it is called, how many calls make one sample}: a sample takes 10 to 30 ms.
calls = [
  {:c_normal, "C, normal", 500_000},
  {:rustler_normal, "rustler, normal", 500_000},
  {:kit_normal, "kit, Normal", 500_000},
  {:kit_unwatched, "kit, Normal, with slow_ms: :off", 500_000},
  {:kit_yielding, "kit, Yielding in its first slice", 500_000},
  {:rustler_dirty, "rustler, DirtyCpu", 2_000},
  {:kit_dirty, "kit, DirtyCpu", 2_000},
  {:gen_server, "GenServer.call", 10_000},
  {:port, "port", 400}
]

# {function, what it is called}: one call reschedules itself as often as its argument says.
reschedules = [
  {&Overhead.C.reschedule/1, "C, enif_schedule_nif alone"},
  {&Overhead.C.reschedule_slice/1, "C, a reschedule that gives up the time slice"},
  {&Overhead.Reschedule.kit_reschedule/1, "kit, a reschedule"}
]

reschedules_per_sample = 50_000

# A plain loop: what the measured loops cost beside their calls is taken off.
loop_ns = fn -> Bench.ns_per_call(500_000, &Loops.nothing(&1, 41)) end

call_ns = fn loop, count ->
  run = Loops.loop(loop)
  fn -> Bench.ns_per_call(count, run) end
end

Loops.check!(Enum.map(calls, &elem(&1, 0)))

Bench.main("overhead", fn options ->
  share = if options.quick, do: 4, else: 1
  rounds = if options.quick, do: 15, else: 41

  samples =
    Bench.rounds(
      [{"loop", loop_ns}] ++
        Enum.map(calls, fn {loop, name, count} -> {name, call_ns.(loop, div(count, share))} end) ++
        Enum.map(reschedules, fn {function, name} ->
          {name, fn -> Bench.ns_per_call(div(reschedules_per_sample, share), function) end}
        end),
      rounds
    )

  # The empty loop's median, not its sample of the same round: a hiccup there would turn up as a gain everywhere.
  loop = Bench.median(samples["loop"])
  call = fn name -> Enum.map(samples[name], &max(&1 - loop, 0.1)) end

  results =
    Enum.map(calls, fn {_loop, name, _count} -> Bench.result(name, call.(name), "ns/call") end) ++
      Enum.map(reschedules, fn {_function, name} ->
        Bench.result(name, samples[name], "ns/reschedule")
      end)

  ratio = fn a, b -> Bench.ratio(call.(a), call.(b)) end
  normal = "rustler, normal"

  reschedule = fn name, other ->
    Bench.goal(name, Bench.ratio(samples["kit, a reschedule"], samples[other]), "<=", 1.5)
  end

  goals = [
    Bench.goal("Normal to rustler's", ratio.("kit, Normal", normal), "<=", 1.0),
    Bench.goal("Normal to C's", ratio.("kit, Normal", "C, normal"), "<=", 1.4),
    Bench.goal(
      "Yielding to rustler's normal",
      ratio.("kit, Yielding in its first slice", normal),
      "<=",
      1.5
    ),
    Bench.goal("DirtyCpu to rustler's", ratio.("kit, DirtyCpu", "rustler, DirtyCpu"), "<=", 1.05),
    # Two goals, because there are two things to compare with. The kit's reschedule gives up the time slice, which is what
    # lets others run; C's bare round does not, and costs half as much for that.
    reschedule.("a reschedule to C's enif_schedule_nif", "C, enif_schedule_nif alone"),
    reschedule.(
      "a reschedule to C's that gives up the time slice",
      "C, a reschedule that gives up the time slice"
    )
  ]

  {results, goals}
end)
