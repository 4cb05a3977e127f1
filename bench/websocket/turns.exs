for file <- ~w(../support/bench report loads node client),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Turns do
  @moduledoc """
  Measures a server while it is idle and beside each load, in turns.

      samples = Cantilever.Bench.WebSocket.Turns.run(server, 3, fn -> %{closed: Client.command(client, "ping closed 3")} end)
      Cantilever.Bench.WebSocket.Turns.figure(samples, :yielding, [:closed, "per_s"])
      #=> [41_000.0, 40_500.0, 41_200.0]
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Loads, Node, Report}

  @kinds [:idle, :yielding, :elixir, :dirty]

  @typedoc "What was measured in each round, by its name."
  @type samples :: %{optional(Loads.kind() | :idle) => [%{atom => Client.figures()}]}

  @doc "The samples of all kinds: `measure` takes those of one round."
  @spec run(Node.t(), pos_integer, (() -> %{atom => Client.figures()})) :: samples
  def run(server, rounds, measure) do
    Bench.rounds(
      for(kind <- @kinds, do: {kind, fn -> Node.beside(server, kind, measure) end}),
      rounds,
      warm_up: false
    )
  end

  @doc "One figure, of each round: what was measured, and its name there."
  @spec figure(samples, Loads.kind() | :idle, [atom | String.t()]) :: [number]
  def figure(samples, kind, path), do: Enum.map(samples[kind], &get_in(&1, path))

  @doc """
  The results of all kinds that were measured: the throughput of the closed loop, and the latencies of the open one at so much a second.

  `phoenix` has what is to stand beside a kind's throughput and its p99.
  """
  @spec results(samples, String.t(), String.t(), pos_integer, %{
          {Loads.kind() | :idle, :throughput | :p99} => String.t()
        }) :: [Bench.result()]
  def results(samples, title, unit, per_s, phoenix \\ %{}) do
    for {kind, load} <- Loads.titles(),
        is_map_key(samples, kind),
        {key, name, path, unit} <- figures(kind, unit, per_s) do
      result = Bench.result("#{title}, #{load}: #{name}", figure(samples, kind, path), unit)

      case phoenix do
        %{{^kind, ^key} => text} -> Report.beside(result, text)
        _not_known -> result
      end
    end
  end

  defp figures(kind, unit, per_s) do
    [
      {:throughput, "as fast as it goes", [:closed, "per_s"], unit},
      {nil, "the clients meanwhile", [:closed, "client_cores"], "cores"},
      {nil, "the server meanwhile", [:closed, "server_cores"], "cores"},
      {nil, "at #{per_s}/s, p50", [:open, "p50_us"], "us"},
      {:p99, "at #{per_s}/s, p99", [:open, "p99_us"], "us"},
      {nil, "at #{per_s}/s, p99.9", [:open, "p999_us"], "us"},
      {nil, "at #{per_s}/s, longest", [:open, "max_us"], "us"},
      {nil, "at #{per_s}/s, sent late, p99", [:open, "late_p99_us"], "us"}
      | if(kind == :idle, do: [], else: [{nil, "their calls", ["calls_per_s"], "calls/s"}])
    ]
  end

  @doc "The goals beside yielding work: the throughput is that of the idle server, and latencies are those beside pure Elixir."
  @spec goals(samples, String.t(), pos_integer) :: [Bench.goal()]
  def goals(samples, title, per_s) do
    throughput = &figure(samples, &1, [:closed, "per_s"])
    p99 = &figure(samples, &1, [:open, "p99_us"])

    [
      Bench.goal(
        "#{title}: throughput beside yielding work, to idle",
        Bench.ratio(throughput.(:yielding), throughput.(:idle)),
        ">=",
        0.95
      ),
      Bench.goal(
        "#{title}, at #{per_s}/s: p99 beside yielding work, to pure Elixir",
        Bench.ratio(p99.(:yielding), p99.(:elixir)),
        "<=",
        1.0
      )
    ]
  end
end
