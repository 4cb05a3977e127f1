# How much of a plain Rust program's throughput is left when the same kernel yields every slice, and how long its
# slices are.

Code.require_file("support/bench.exs", __DIR__)
Code.require_file("yielding/plain.exs", __DIR__)
Code.require_file("yielding/slices.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Yielding.{Plain, Slices}

input = 400_000_000
target_us = 20
expected = div((input - 1) * input * (2 * input - 1), 6)

program = Plain.build!()

yielding_ns = fn ->
  started = System.monotonic_time(:nanosecond)
  ^expected = Cantilever.Native.intensive_calculation(input)
  System.monotonic_time(:nanosecond) - started
end

plain_ns = fn ->
  {ns, ^expected} = Plain.run!(program, input)
  ns
end

Bench.main("yielding", fn options ->
  rounds = if options.quick, do: 7, else: 31
  samples = Bench.rounds([yielding: yielding_ns, plain: plain_ns], rounds)
  throughput = fn name -> Enum.map(samples[name], &(input / &1 * 1_000)) end

  slices =
    for _run <- 1..rounds,
        do: Slices.measure(fn -> Cantilever.Native.intensive_calculation(input) end)

  longest = Enum.map(slices, & &1.longest_ns/1000)

  results = [
    Bench.result("Yielding NIF, one core", throughput.(:yielding), "M squares/s"),
    Bench.result("plain Rust, one core", throughput.(:plain), "M squares/s"),
    Bench.result("the median slice", Enum.map(slices, & &1.median_ns/1000), "us"),
    Bench.result("the 99th percentile of the slices", Enum.map(slices, & &1.p99_ns/1000), "us"),
    Bench.result("the longest slice", longest, "us")
  ]

  goals = [
    Bench.goal(
      "throughput to plain Rust's",
      Bench.ratio(samples.plain, samples.yielding),
      ">=",
      0.97
    ),
    # The quietest run: when the system takes the processor away in the middle of a slice, that slice looks long.
    Bench.goal(
      "the longest slice to the target, in the quietest run",
      Enum.min(longest) / target_us,
      "<=",
      2
    )
  ]

  {results, goals}
end)
