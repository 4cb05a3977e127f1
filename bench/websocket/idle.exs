for file <- ~w(../support/bench report loads node client),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Idle do
  @moduledoc false
  # Many connections that have joined a room and say nothing but that they are still there, twice a minute.

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Node, Report}

  # What a server that has just started still does is over then.
  @settle_ms 1_000

  @spec run(Path.t(), quick :: boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(program, quick?) do
    {clients, hold_s} = if quick?, do: {5_000, 10}, else: {19_000, 65}
    clients = Client.at_most(clients)

    figures =
      Node.run(fn server ->
        receive after: (@settle_ms -> :ok)
        resident = Node.resident_bytes(server)
        total = Node.total_bytes(server)

        Client.run(program, server, [clients: clients, rooms: div(clients, 100)], fn client,
                                                                                     joined ->
          %{"heartbeats" => heartbeats} = Client.command(client, "hold #{hold_s}")

          %{
            joined_per_s: joined["per_s"],
            heartbeats: heartbeats,
            resident: (Node.resident_bytes(server) - resident) / clients,
            total: (Node.total_bytes(server) - total) / clients
          }
        end)
      end)

    bare_per_s =
      Node.run_bare(fn server ->
        size = [clients: clients, rooms: div(clients, 100)]
        Client.run(program, server, size, fn _client, joined -> joined["per_s"] end)
      end)

    {results(clients, hold_s, figures, bare_per_s), goals(clients, figures)}
  end

  defp results(clients, hold_s, figures, bare_per_s) do
    [
      Bench.result("#{clients} clients: connect and join", [figures.joined_per_s], "clients/s"),
      Bench.result(
        "the same of a bare server, which only answers",
        [bare_per_s],
        "clients/s"
      ),
      Bench.result("heartbeats answered in #{hold_s} s", [figures.heartbeats], ""),
      Bench.result("a joined client, resident", [figures.resident], "B"),
      Bench.result("a joined client, all that the VM holds", [figures.total], "B")
    ]
  end

  defp goals(clients, figures) do
    [
      Bench.goal(
        "#{clients} clients: resident memory of each (B)",
        figures.resident,
        "<=",
        12_288
      )
      |> Report.beside("36 KB"),
      Bench.goal("connect and join (clients/s)", figures.joined_per_s, ">=", 10_000)
      |> Report.beside("3 700 to 4 800")
    ]
  end
end
