defmodule Cantilever.Bench.Chat.Durability do
  @moduledoc """
  Whether what a chat has acknowledged is there, whatever happens to its node, its disk and its database.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Apart
  alias Cantilever.Bench.Chat.FullDisk
  alias Cantilever.Bench.Chat.Hostile
  alias Cantilever.Bench.Chat.Kills
  alias Cantilever.Bench.Chat.Node
  alias Cantilever.Bench.Chat.Outage
  alias Cantilever.Bench.Progress

  for file <- ~w(bench progress), do: Code.require_file("../support/#{file}.exs", __DIR__)

  for file <-
        ~w(apart load durability/node durability/ledger durability/kills durability/outage durability/full_disk durability/hostile),
      do: Code.require_file("#{file}.exs", __DIR__)

  @doc "The results and goals: 100 kills of the node, or 6 if it is to be quick."
  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    Apart.run("durability", fn folder ->
      [
        kills(folder, if(quick?, do: 6, else: 100)),
        full_disk(folder),
        locked(folder, quick?, "locked", []),
        locked(folder, quick?, "locked from the start", from_the_start: true),
        hostile(folder)
      ]
      |> Enum.unzip()
      |> then(fn {results, goals} -> {Enum.concat(results), Enum.concat(goals)} end)
    end)
  end

  defp kills(folder, rounds) do
    progress = Progress.new(rounds)
    moments = for round <- 1..rounds, do: moment(round)
    ledger = Kills.run(folder, moments, fn _ledger -> Progress.step(progress) end)
    report("kill -9", ledger)

    {[
       Bench.result("kill -9: times", [rounds], ""),
       Bench.result("kill -9: messages acknowledged", [map_size(ledger.acknowledged)], ""),
       Bench.result("kill -9: messages stored", [map_size(ledger.stored)], "")
     ], goals("kill -9", ledger)}
  end

  defp full_disk(folder) do
    case FullDisk.with_disk(folder, fn disk ->
           Outage.run(
             folder,
             Path.join(disk, "full.db"),
             fn -> FullDisk.fill(disk) end,
             &File.rm!/1
           )
         end) do
      {:ok, found} ->
        outage("disk full", found)

      {:left_out, why} ->
        IO.puts(:stderr, "disk full: left out, as #{why}")
        {[], []}
    end
  end

  # Longer than the store waits for the database, so that its time is over too.
  defp locked(folder, quick?, what, options) do
    database = Path.join(folder, "#{what}.db")
    options = [at_least_ms: if(quick?, do: 1_000, else: 8_000)] ++ options
    found = Outage.run(folder, database, fn -> lock(database) end, &release/1, options)
    outage(what, found)
  end

  defp lock(database) do
    node = Node.start({:lock, database})
    :ok = Node.wait(node, &(&1 == "locked"))
    node
  end

  defp release(node), do: Node.kill(node)

  defp outage(what, %{ledger: ledger, resumed_ms: resumed_ms}) do
    report(what, ledger)

    told =
      for {reason, times} <- Enum.sort(ledger.refused),
          do: Bench.result("#{what}: senders told #{reason}", [times], "")

    {[
       Bench.result("#{what}: messages acknowledged", [map_size(ledger.acknowledged)], ""),
       Bench.result("#{what}: first acknowledgement after its end", [resumed_ms], "ms")
       | told
     ], goals(what, ledger)}
  end

  defp hostile(folder) do
    found = Hostile.run(folder)

    for what <- found.unexpected ++ found.changed,
        do: IO.puts(:stderr, "hostile: #{inspect(what, limit: 20, printable_limit: 300)}")

    {[
       Bench.result("hostile: attempts", [found.attempts], ""),
       Bench.result("hostile: round trips of another meanwhile", found.bystander_ms, "ms")
     ],
     [
       Bench.goal("hostile: attempts without the right error", length(found.unexpected), "<=", 0),
       Bench.goal("hostile: messages stored all the same", found.stored, "<=", 0),
       Bench.goal("hostile: texts that came back as others", length(found.changed), "<=", 0)
     ]}
  end

  # Every fifth time while it starts, and so while it repairs what the last time has left.
  defp moment(round) when rem(round, 5) == 0, do: {:started, 200 + :rand.uniform(1_000)}
  defp moment(_round), do: {:running, :rand.uniform(400)}

  @wrong [
    missing: "acknowledged or delivered, and not there",
    misplaced: "there with another number than was said",
    twice: "stored twice",
    strange: "stored and not as it was sent",
    disorder: "gaps in a room, or in what was delivered",
    damaged: "integrity checks that failed"
  ]

  defp goals(what, ledger) do
    for {kind, title} <- @wrong,
        do: Bench.goal("#{what}: #{title}", Map.get(ledger.wrong, kind, 0), "<=", 0)
  end

  defp report(what, ledger),
    do: for(example <- ledger.examples, do: IO.puts(:stderr, "#{what}: #{example}"))
end
