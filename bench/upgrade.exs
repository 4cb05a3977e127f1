# Upgrades a library back and forth under load, and through many different builds: what fails, how long it takes, and
# what each build costs that was loaded once.

Code.require_file("support/bench.exs", __DIR__)
Code.require_file("upgrade/library.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Upgrade.Library

# In a beam file, as an application has it: that is what an upgrade loads.
Library.require_with_beam!("upgrade/modules.exs")
Code.require_file("upgrade/callers.exs", __DIR__)

alias Cantilever.Bench.Upgrade.{Callers, Calls}

second = Library.build!(["second"])

upgrade = fn library ->
  started = System.monotonic_time(:microsecond)
  # The loads of other builds wait for the long calls of the one before the last.
  {:ok, upgrade} =
    Cantilever.Nif.upgrade(Calls, library: library, compile: false, timeout: 60_000)

  {(System.monotonic_time(:microsecond) - started) / 1_000, upgrade}
end

Bench.main("upgrade", fn options ->
  upgrades = if options.quick, do: 4, else: 100
  builds = if options.quick, do: 5, else: 40

  callers = Callers.start()
  # Both have been loaded once before the memory is looked at, and the pool is there.
  Enum.each([second, nil], upgrade)
  before = Library.memory_kb()

  done =
    for number <- 1..upgrades do
      {ms, done} = upgrade.(if rem(number, 2) == 1, do: second, else: nil)
      %{ms: ms - done.waited_ms, waited_s: done.waited_ms / 1_000, running: length(done.running)}
    end

  outcome = Callers.stop(callers)
  after_upgrades = Library.memory_kb()

  # With no calls of long, so that each follows on the last.
  costs =
    for library <- Library.copies(second, builds) do
      before = Library.memory_kb()
      {_ms, _done} = upgrade.(library)
      _ = {Calls.version(), Calls.note("text"), Calls.sum_parallel(1_000), Calls.yield_for(1)}
      now = Library.memory_kb()
      %{resident: now.resident - before.resident, private: now.private - before.private}
    end

  {:ok, _back} = Cantilever.Nif.upgrade(Calls, compile: false)

  results = [
    Bench.result("an upgrade, without its waiting", Enum.map(done, & &1.ms), "ms"),
    Bench.result(
      "waiting for calls from before the last upgrade",
      Enum.map(done, & &1.waited_s),
      "s"
    ),
    Bench.result("calls in flight in the old library", Enum.map(done, & &1.running), "processes"),
    Bench.result("short calls meanwhile", [outcome.calls], "calls"),
    Bench.result("calls of 5 s meanwhile", [outcome.long_calls], "calls"),
    Bench.result("one more build, while loaded: resident", Enum.map(costs, & &1.resident), "kB"),
    Bench.result("one more build, while loaded: private", Enum.map(costs, & &1.private), "kB")
  ]

  Enum.each(outcome.failed, &IO.puts(:stderr, "a call failed: #{inspect(&1)}"))

  goals = [
    Bench.goal("calls that failed", length(outcome.failed), "<=", 0),
    Bench.goal("processes that were killed", outcome.killed, "<=", 0),
    Bench.goal(
      "upgrades back and forth: growth of private memory (kB)",
      after_upgrades.private - before.private,
      "<=",
      4 * 1024
    )
  ]

  {results, goals}
end)
