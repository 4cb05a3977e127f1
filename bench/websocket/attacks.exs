for file <-
      ~w(../support/bench report loads vm node client turns attacks/attempts attacks/attackers),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Attacks do
  @moduledoc """
  What well-behaved clients notice while somebody attacks the server: a thousand of them push something and are answered, with nobody
  attacking and beside each attack, in turns.

      Cantilever.Bench.WebSocket.Attacks.run(Cantilever.Bench.WebSocket.Client.build!(), true)

  The server has the limits of the library. An attack is what one hostile host does at a rate that such a host has, and not all that it could: a client on
  these same cores that does what it can measures the cores. So the attackers are a VM of their own, too, which is as nice as can be: the server and the
  well-behaved clients have a core when they want one, and how many attempts were made all the same stands with the results.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Node, Turns, VM}
  alias Cantilever.Bench.WebSocket.Attacks.{Attackers, Attempts}

  @clients 1_000
  @rooms 10
  # Pings a second.
  @per_s 2_000
  @users 50
  @closed_within_ms 20_000

  @spec run(Path.t(), quick :: boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(program, quick?) do
    {rounds, seconds} = if quick?, do: {3, 0.7}, else: {5, 2}

    samples =
      VM.run([nice: 19], fn vm ->
        {:ok, _started} = VM.call(vm, :application, :ensure_all_started, [:elixir])
        VM.load(vm, "attacks/attackers.exs")

        Node.run([limits: true], fn server ->
          Client.run(program, server, [clients: @clients, rooms: @rooms], fn client, _joined ->
            measure = fn -> Client.command(client, "ping open #{seconds} #{@per_s}") end
            turns(vm, server, rounds, measure)
          end)
        end)
      end)

    {results(samples), goals(samples)}
  end

  defp turns(vm, server, rounds, measure) do
    target = target(server)

    attacks =
      for {attack, _plan} <- Attempts.plans(),
          do: {attack, fn -> beside(vm, server, attack, target, measure) end}

    Bench.rounds([{:idle, fn -> %{open: measure.()} end} | attacks], rounds, warm_up: false)
  end

  defp target(server) do
    # The others have lower numbers.
    good = for number <- 1..@users, do: Node.token(server, @clients + number)
    %{port: server.port, good: good, bad: [forged(hd(good)), expired(server)]}
  end

  defp forged(token) do
    [body, _signature] = String.split(token, ".")
    body <> "." <> Base.url_encode64(:crypto.strong_rand_bytes(32), padding: false)
  end

  # As `Cantilever.Chat.Token` has it, which makes none that is not good.
  defp expired(server) do
    body = <<1, System.os_time(:second) - 1::64, "user-1">>
    signature = :crypto.mac(:hmac, :sha256, server.secret, body)
    Enum.map_join([body, signature], ".", &Base.url_encode64(&1, padding: false))
  end

  defp beside(vm, server, attack, target, measure) do
    before = Node.resident_bytes(server)
    :ok = VM.call(vm, Attackers, :start, [attack, target])
    open = measure.()
    growth = Node.resident_bytes(server) - before
    counts = VM.call(vm, Attackers, :stop, [])
    # An attack that was not made would disturb nobody.
    true = counts.attempts > 0
    wait_for_end(server, System.monotonic_time(:millisecond) + @closed_within_ms)
    per_s = &(&1 * 1_000 / counts.ms)

    %{
      open: open,
      growth: growth / 1_000_000,
      attempts: per_s.(counts.attempts),
      refused: per_s.(counts.refused)
    }
  end

  # What an attack has left behind is not to be part of the next.
  defp wait_for_end(server, until_ms) do
    case Node.connections(server) do
      @clients ->
        :ok

      others ->
        if System.monotonic_time(:millisecond) > until_ms,
          do: raise("#{others - @clients} connections of an attack are still open")

        receive after: (50 -> wait_for_end(server, until_ms))
    end
  end

  defp results(samples) do
    for {kind, title} <- [{:idle, "nobody"} | titles()],
        {name, path, unit} <- figures(kind),
        do: Bench.result("#{title}: #{name}", Turns.figure(samples, kind, path), unit)
  end

  defp titles, do: for({attack, plan} <- Attempts.plans(), do: {attack, plan.title})

  defp figures(kind) do
    latencies = [
      {"p50", [:open, "p50_us"], "us"},
      {"p99", [:open, "p99_us"], "us"},
      {"longest", [:open, "max_us"], "us"},
      {"sent late, p99", [:open, "late_p99_us"], "us"},
      {"the server meanwhile", [:open, "server_cores"], "cores"}
    ]

    attack = [
      {"attempts", [:attempts], "1/s"},
      {"refused", [:refused], "1/s"},
      {"resident memory, more than before", [:growth], "MB"}
    ]

    if kind == :idle, do: latencies, else: latencies ++ attack
  end

  defp goals(samples) do
    p99 = &Turns.figure(samples, &1, [:open, "p99_us"])

    for {attack, title} <- titles() do
      Bench.goal(
        "p99 beside #{title}, to idle",
        Bench.ratio(p99.(attack), p99.(:idle)),
        "<=",
        2.0
      )
    end
  end
end
