for file <- ~w(../support/bench report loads node client turns),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.FanOut do
  @moduledoc false
  # Messages of 100 bytes to the members of one large room, and of many small ones, whose members send them in turn.

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Node, Report, Turns}

  @clients 10_000
  @members 100
  # Deliveries a second of the open loops.
  @large_per_s 27_000
  @small_per_s 21_000
  # So many messages are under way in each room of the closed loops: nobody is to wait until the last member has got one. The server then writes
  # several of them at once to the same client, so that one at a time is a figure of its own.
  @under_way 4

  @spec run(Path.t(), quick :: boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(program, quick?) do
    rooms = div(Client.at_most(@clients), @members)
    {large_results, large_goals} = large(program, rooms * @members, quick?)
    {small_results, small_goals} = small(program, rooms, quick?)
    {large_results ++ small_results, large_goals ++ small_goals}
  end

  defp large(program, clients, quick?) do
    {rounds, closed_s, open_s} = if quick?, do: {1, 2, 3}, else: {3, 5, 8}

    {alone, samples} =
      with_clients(program, [], clients, 1, fn _server, client ->
        {alone(client, closed_s),
         %{idle: for(_round <- 1..rounds, do: measure(client, closed_s, open_s, @large_per_s))}}
      end)

    title = "a room of #{clients}"
    phoenix = %{throughput: "55 000 to 65 000", p99_ms: "200"}
    limits = %{throughput: 120_000, p99_ms: 100}

    {results(samples, alone, title, @large_per_s),
     goals(samples, title, @large_per_s, limits, phoenix)}
  end

  defp small(program, rooms, quick?) do
    {rounds, closed_s, open_s} = if quick?, do: {1, 1, 1}, else: {3, 4, 6}

    {alone, samples} =
      with_clients(program, [loads: true], rooms * @members, rooms, fn server, client ->
        {alone(client, closed_s),
         Turns.run(server, rounds, fn -> measure(client, closed_s, open_s, @small_per_s) end)}
      end)

    title = "#{rooms} rooms of #{@members}"
    phoenix = %{throughput: "40 000 to 50 000", p99_ms: "3.3"}
    limits = %{throughput: 100_000, p99_ms: 3}

    {results(samples, alone, title, @small_per_s),
     goals(samples, title, @small_per_s, limits, phoenix) ++
       Turns.goals(samples, title, @small_per_s)}
  end

  defp alone(client, closed_s), do: Client.command(client, "fan-out closed #{closed_s} 1")

  defp results(samples, alone, title, per_s) do
    [
      Bench.result(
        "#{title}, idle: one message at a time in each room",
        [alone["per_s"]],
        "deliveries/s"
      )
      | Turns.results(samples, title, "deliveries/s", per_s)
    ]
  end

  defp measure(client, closed_s, open_s, per_s) do
    %{
      closed: Client.command(client, "fan-out closed #{closed_s} #{@under_way}"),
      open: Client.command(client, "fan-out open #{open_s} #{per_s}")
    }
  end

  defp goals(samples, title, per_s, limits, phoenix) do
    idle = &Bench.median(Turns.figure(samples, :idle, &1))

    [
      Bench.goal(
        "#{title} (deliveries/s, #{@under_way} messages under way in each room)",
        idle.([:closed, "per_s"]),
        ">=",
        limits.throughput
      )
      |> Report.beside(phoenix.throughput),
      Bench.goal(
        "#{title}: p99 at #{per_s} deliveries/s (ms)",
        idle.([:open, "p99_us"]) / 1_000,
        "<=",
        limits.p99_ms
      )
      |> Report.beside(phoenix.p99_ms)
    ]
  end

  defp with_clients(program, options, clients, rooms, fun) do
    Node.run(options, fn server ->
      Client.run(program, server, [clients: clients, rooms: rooms], fn client, _joined ->
        fun.(server, client)
      end)
    end)
  end
end
