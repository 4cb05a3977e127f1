# The same jobs in a plain Rust program, in the same program cut into slices, and through the BEAM: where throughput is
# lost, if it is. (`cargo bench` in bench/kernels has the parts of it, without the BEAM.)

for file <- ~w(support/bench support/cargo responsiveness/modules) do
  Code.require_file(file <> ".exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.Responsiveness.Calls

small_width = 320

# What the program is told of a size, and the same job through the BEAM.
jobs = fn quick? ->
  {squares, bytes, width} =
    if quick?, do: {50_000_000, 2_000_000, 900}, else: {200_000_000, 20_000_000, 3_000}

  document = Calls.document(bytes)
  {:ok, png} = Calls.picture(width, div(width, 3) * 2)

  [
    {"arithmetic", squares, fn -> Calls.sum_kit_yielding(squares) end},
    {"records", bytes, fn -> {:ok, _seen} = Calls.decode_kit_yielding(document) end},
    {"thumbnail", width, fn -> {:ok, _pixels} = Calls.shrink_kit_yielding(png, small_width) end}
  ]
end

ms = fn ns -> ns / 1_000_000 end

Bench.main("kernels", fn %{quick: quick?} ->
  program = Bench.Cargo.build!(Path.join(__DIR__, "kernels"), "kernels")
  runs = if quick?, do: 3, else: 15

  # One run of the program gives both of its figures.
  plain = fn job, size ->
    {output, 0} = System.cmd(program, [job, "#{size}", "1"])
    [whole_ns, sliced_ns] = output |> String.split() |> Enum.map(&String.to_integer/1)
    {whole_ns, sliced_ns}
  end

  results =
    for {job, size, through_beam} <- jobs.(quick?) do
      samples =
        Bench.rounds(
          [
            plain: fn -> plain.(job, size) end,
            beam: fn -> Bench.ns_per_call(1, fn 1 -> through_beam.() end) end
          ],
          runs
        )

      {whole, sliced} = Enum.unzip(samples.plain)

      [
        Bench.result("#{job}: plain Rust", Enum.map(whole, ms), "ms"),
        Bench.result("#{job}: plain Rust in slices", Enum.map(sliced, ms), "ms"),
        Bench.result("#{job}: Yielding, through the BEAM", Enum.map(samples.beam, ms), "ms"),
        Bench.result(
          "#{job}: in slices to plain",
          Enum.zip_with(sliced, whole, &(&1 / &2)),
          "times"
        ),
        Bench.result(
          "#{job}: through the BEAM to plain",
          Enum.zip_with(samples.beam, whole, &(&1 / &2)),
          "times"
        )
      ]
    end

  {Enum.concat(results), []}
end)
