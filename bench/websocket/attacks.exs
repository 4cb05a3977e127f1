for file <-
      ~w(../support/bench report loads vm node client turns attacks/attempts attacks/attackers attacks/elsewhere),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Attacks do
  @moduledoc """
  What well-behaved clients notice while somebody attacks the server: a thousand of them push something and are answered, with nobody
  attacking and beside each attack, in turns.

      Cantilever.Bench.WebSocket.Attacks.run(Cantilever.Bench.WebSocket.Client.build!(), true)

  The server has the limits of the library. An attack is what one hostile host does at a rate that such a host has, and not all that it could: a client on
  these same cores that does what it can measures the cores. So the attackers are a VM of their own, too, which is as nice as can be: the server and the
  well-behaved clients have a core when they want one, and how many attempts were made all the same stands with the results.

  ## What the machine does of it

  What attackers have the kernel do for them is not as nice as they are, as it is not interrupted. Heads of 10 MB are 100 MB/s through the loopback device, and
  p99 beside them is twice to three times that of nothing (1.3 to 1.9 ms, and 0.4 to 0.8 ms on a quiet machine), whoever gets them: beside the same heads to another
  server, which has nothing to do with those clients, it is the same (1.1 to 1.8 ms). That is measured each time, as
  "heads of 10 MB to another server".

  A text of 1 MB that is half a million values would cost the server 20 ms, and two or three collections of garbage of 3 to 8 ms, which the VM runs on threads
  that share the cores with its schedulers: p99 was 9 to 15 ms beside 20 clients that send such texts. So a socket reads none that is larger than
  `max_text_bytes`, and what a client may send a second (`bytes_per_s`) is bounded, too.

  What other programs take of the machine is far more than that: with as many that compile as there are cores, p99 with nobody attacking is 1 to 60 ms. Ratios
  mean something on a quiet machine only, where p99 with nobody attacking is less than 1 ms.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.WebSocket.{Client, Node, Turns, VM}
  alias Cantilever.Bench.WebSocket.Attacks.{Attackers, Attempts, Elsewhere}

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
        VM.load(vm, "attacks/attackers.exs")
        VM.load(vm, "attacks/elsewhere.exs")
        elsewhere = VM.call(vm, Elsewhere, :start, [])

        Node.run([limits: true], fn server ->
          Client.run(program, server, [clients: @clients, rooms: @rooms], fn client, _joined ->
            measure = fn -> Client.command(client, "ping open #{seconds} #{@per_s}") end
            turns(vm, server, target(server, elsewhere), rounds, measure)
          end)
        end)
      end)

    {results(samples), goals(samples)}
  end

  defp turns(vm, server, target, rounds, measure) do
    attacks =
      for {attack, _plan} <- Attempts.plans(),
          do: {attack, fn -> beside(vm, server, attack, target, measure) end}

    Bench.rounds([{:idle, fn -> %{open: measure.()} end} | attacks], rounds, warm_up: false)
  end

  defp target(server, elsewhere) do
    # The others have lower numbers.
    good = for number <- 1..@users, do: Node.token(server, @clients + number)
    bad = [forged(hd(good)), expired(server)]
    %{port: server.port, elsewhere: elsewhere, good: good, bad: bad}
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

    # It would disturb nobody.
    if counts.attempts == 0, do: raise("the attack #{attack} has made no attempt")
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

  @doc "The goals: what others notice of an attack is no more than twice what they notice of nothing."
  @spec goals(%{atom => [map]}) :: [Bench.goal()]
  def goals(samples) do
    p99 = &Turns.figure(samples, &1, [:open, "p99_us"])

    for {attack, title} <- Keyword.delete(titles(), :heads_elsewhere) do
      Bench.goal(
        "p99 beside #{title}, to idle",
        Bench.ratio(p99.(attack), p99.(:idle)),
        "<=",
        2.0
      )
    end
  end
end
