for file <- ~w(../support/bench ../support/calibrate ../support/processes round_trips) do
  Code.require_file(file <> ".exs", __DIR__)
end

defmodule Cantilever.Bench.Chat.Quiet do
  @moduledoc """
  What native work next door does to a chat: the acknowledged round trip on an idle node, beside yielding work on all cores,
  beside as much pure Elixir, and beside thumbnails.

      {results, goals} = Cantilever.Bench.Chat.Quiet.run(true)

  All of them are measured in turns, one after the other in each round, and compared within rounds. Pure Elixir is no goal: it says what
  busy cores cost at least, however well native code behaves, as what reaches the disk runs on threads beside the schedulers.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Calibrate
  alias Cantilever.Bench.Chat.RoundTrips
  alias Cantilever.Bench.Processes
  alias Cantilever.DataProcessor
  alias Cantilever.Native
  alias Cantilever.Responsiveness.ElixirLoad

  @members 10
  @callers 4
  @call_us 20_000
  @thumbnail_side 320

  @titles [
    idle: "idle",
    yielding: "#{@callers} callers of yielding work",
    elixir: "#{@callers} callers of pure Elixir",
    thumbnails: "thumbnails in a loop"
  ]

  @doc "The results and goals: under a minute where it is to be quick, else two to three minutes."
  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    {rounds, duration_ms} = if quick?, do: {2, 2_000}, else: {7, 5_000}
    Code.require_file("thumbnails.exs", __DIR__)
    picture = picture(quick?)
    input = Calibrate.input(&Native.intensive_calculation/1, 10_000_000, @call_us)
    room = RoundTrips.open!(@members)

    try do
      _warm_up = RoundTrips.measure(room, 500)

      loads = [
        idle: fn measure -> Map.put(measure.(), :calls_per_s, 0.0) end,
        yielding: &beside(callers(fn -> Native.intensive_calculation(input) end), &1),
        elixir: &beside(callers(fn -> ElixirLoad.run_for(@call_us) end), &1),
        thumbnails: &beside(thumbnails(picture), &1)
      ]

      samples =
        for(
          {key, load} <- loads,
          do: {key, fn -> load.(fn -> RoundTrips.measure(room, duration_ms) end) end}
        )
        |> Bench.rounds(rounds, warm_up: false)

      {results(samples), goals(samples)}
    after
      RoundTrips.close(room)
    end
  end

  defp results(samples) do
    for {key, title} <- @titles,
        {name, figure, unit} <- figures(key) do
      Bench.result("#{title}: #{name}", Enum.map(samples[key], &Map.fetch!(&1, figure)), unit)
    end
  end

  defp figures(:idle) do
    [
      {"round trip, p50", :p50_us, "us"},
      {"round trip, p99", :p99_us, "us"},
      {"to the acknowledgement, p99", :acknowledged_p99_us, "us"},
      {"to another member, p99", :arrived_p99_us, "us"}
    ]
  end

  defp figures(_load), do: figures(:idle) ++ [{"calls", :calls_per_s, "calls/s"}]

  defp goals(samples) do
    p99 = fn key -> Enum.map(samples[key], & &1.p99_us) end

    for {key, limit} <- [yielding: 1.5, thumbnails: 3] do
      Bench.goal(
        "p99 of the round trip beside #{@titles[key]}, to idle",
        Bench.ratio(p99.(key), p99.(:idle)),
        "<=",
        limit
      )
    end
  end

  # A load that does not run would be the quietest of all: its calls are counted.
  defp beside(start, measure) do
    counter = :counters.new(1, [:write_concurrency])
    processes = start.(counter)

    try do
      before = :counters.get(counter, 1)
      {us, figures} = :timer.tc(measure)
      calls = :counters.get(counter, 1) - before
      true = calls > 0
      Map.put(figures, :calls_per_s, calls * 1_000_000 / us)
    after
      Enum.each(processes, &Processes.kill/1)
    end
  end

  defp callers(call),
    do: fn counter ->
      for _caller <- 1..@callers, do: spawn_link(fn -> loop(call, counter) end)
    end

  # As the example does it: a batch of pictures, as many at a time as there are schedulers.
  defp thumbnails(picture) do
    make = fn picture ->
      {:ok, _webp} = apply(MyApp.Native, :thumbnail, [picture, @thumbnail_side])
    end

    fn counter ->
      [
        spawn_link(fn ->
          Stream.cycle([picture])
          |> DataProcessor.stream(make, chunk_size: 1, timeout: :infinity)
          |> Enum.each(fn {:ok, _made} -> :counters.add(counter, 1, 1) end)
        end)
      ]
    end
  end

  defp loop(call, counter) do
    call.()
    :counters.add(counter, 1, 1)
    loop(call, counter)
  end

  defp picture(quick?) do
    {width, height} = if quick?, do: {1_200, 800}, else: {2_400, 1_600}
    {:ok, png} = apply(MyApp.Native, :render_fractal, [width, height, 200])
    png
  end
end
