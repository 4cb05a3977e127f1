for file <- ~w(../support/bench report loads node client turns),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Pings do
  @moduledoc false
  # A thousand clients push something and are answered, on an idle server and beside loads.

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Loads, Node, Report, Turns}

  @clients 1_000
  @rooms 10
  # Pings a second of the open loop.
  @per_s 2_000
  # Plain NIFs keep everybody waiting for as long as they are called, so that once is enough, and not for long.
  @blocked_ms 2_000

  @title "push and reply"
  @phoenix %{
    {:idle, :throughput} => "20 000",
    {:elixir, :throughput} => "1.0 of idle",
    {:dirty, :throughput} => "0.5 of idle",
    {:idle, :p99} => "500",
    {:elixir, :p99} => "4 000",
    {:dirty, :p99} => "6 000"
  }

  @spec run(Path.t(), quick :: boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(program, quick?) do
    {rounds, closed_s, open_s} = if quick?, do: {1, 1, 1.5}, else: {5, 4, 6}

    clients = Client.at_most(@clients)

    {samples, blocked} =
      Node.run([loads: true], fn server ->
        Client.run(program, server, [clients: clients, rooms: @rooms], fn client, _joined ->
          open = &Client.command(client, "ping open #{&1} #{@per_s}")

          {
            Turns.run(server, rounds, fn ->
              %{closed: Client.command(client, "ping closed #{closed_s}"), open: open.(open_s)}
            end),
            Node.beside(server, :plain, @blocked_ms, fn -> open.(1) end)
          }
        end)
      end)

    {Turns.results(samples, @title, "replies/s", @per_s, @phoenix) ++ blocked_results(blocked),
     goals(samples)}
  end

  defp blocked_results(blocked) do
    title = "#{@title}, #{Loads.titles()[:plain]}, called for #{@blocked_ms} ms"

    longest = Bench.result("#{title}: at #{@per_s}/s, longest", [blocked["max_us"]], "us")

    [
      Bench.result("#{title}: at #{@per_s}/s, p50", [blocked["p50_us"]], "us"),
      Report.beside(longest, "no answer for 13 s")
    ]
  end

  defp goals(samples) do
    idle = &Bench.median(Turns.figure(samples, :idle, &1))

    [
      Bench.goal("#{@title} (replies/s)", idle.([:closed, "per_s"]), ">=", 40_000)
      |> Report.beside("20 000"),
      Bench.goal(
        "#{@title}: p99 at #{@per_s}/s (ms)",
        idle.([:open, "p99_us"]) / 1_000,
        "<=",
        0.5
      )
      |> Report.beside("0.5")
      | Turns.goals(samples, @title, @per_s)
    ]
  end
end
