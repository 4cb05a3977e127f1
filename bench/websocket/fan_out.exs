for file <- ~w(../support/bench report loads node client turns),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.FanOut do
  @moduledoc false
  # Messages of 100 bytes to the members of one large room, and of many small ones, whose members send them in turn.

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Node, Report, Turns}

  @clients 10_000
  @rooms 100
  # Deliveries a second of the open loops.
  @large_per_s 27_000
  @small_per_s 21_000
  # So many messages are under way in the large room, so that nobody waits for the last delivery of one; in each small one it is one.
  @under_way 2

  @spec run(Path.t(), quick :: boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(program, quick?) do
    {large_results, large_goals} = large(program, quick?)
    {small_results, small_goals} = small(program, quick?)
    {large_results ++ small_results, large_goals ++ small_goals}
  end

  defp large(program, quick?) do
    {runs, closed_s, open_s} = if quick?, do: {1, 2, 3}, else: {3, 5, 20}

    {closed, open} =
      with_clients(program, [], 1, fn _server, client ->
        {
          for(
            _run <- 1..runs,
            do: Client.command(client, "fan-out closed #{closed_s} #{@under_way}")
          ),
          Client.command(client, "fan-out open #{open_s} #{@large_per_s}")
        }
      end)

    per_s = Enum.map(closed, & &1["per_s"])
    title = "a room of #{@clients}"

    {[
       Bench.result("#{title}: as fast as it goes", per_s, "deliveries/s"),
       Bench.result(
         "#{title}: the clients meanwhile",
         Enum.map(closed, & &1["client_cores"]),
         "cores"
       )
       | for(
           {name, key} <- [{"p50", "p50_us"}, {"p99", "p99_us"}, {"longest", "max_us"}],
           do: Bench.result("#{title}: at #{@large_per_s}/s, #{name}", [open[key]], "us")
         )
     ],
     [
       Bench.goal("#{title} (deliveries/s)", Bench.median(per_s), ">=", 120_000)
       |> Report.beside("55 000 to 65 000"),
       Bench.goal(
         "#{title}: p99 at #{@large_per_s} deliveries/s (ms)",
         open["p99_us"] / 1_000,
         "<=",
         100
       )
       |> Report.beside("200")
     ]}
  end

  defp small(program, quick?) do
    {rounds, closed_s, open_s} = if quick?, do: {1, 1, 1.5}, else: {3, 4, 6}

    samples =
      with_clients(program, [loads: true], @rooms, fn server, client ->
        Turns.run(server, rounds, fn ->
          %{
            closed: Client.command(client, "fan-out closed #{closed_s} 1"),
            open: Client.command(client, "fan-out open #{open_s} #{@small_per_s}")
          }
        end)
      end)

    title = "#{@rooms} rooms of #{div(@clients, @rooms)}"
    idle = &Bench.median(Turns.figure(samples, :idle, &1))

    {Turns.results(samples, title, "deliveries/s", @small_per_s),
     [
       Bench.goal("#{title} (deliveries/s)", idle.([:closed, "per_s"]), ">=", 100_000)
       |> Report.beside("40 000 to 50 000"),
       Bench.goal(
         "#{title}: p99 at #{@small_per_s} deliveries/s (ms)",
         idle.([:open, "p99_us"]) / 1_000,
         "<=",
         3
       )
       |> Report.beside("3.3")
       | Turns.goals(samples, title, @small_per_s)
     ]}
  end

  defp with_clients(program, options, rooms, fun) do
    Node.run(options, fn server ->
      Client.run(program, server, [clients: @clients, rooms: rooms], fn client, _joined ->
        fun.(server, client)
      end)
    end)
  end
end
