defmodule Cantilever.Bench.Chat.Durability do
  @moduledoc """
  Whether what a chat has acknowledged is there, whatever happens to its node, its disk and its database.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Kills
  alias Cantilever.Bench.Progress

  for file <- ~w(load durability/node durability/ledger durability/kills),
      do: Code.require_file("#{file}.exs", __DIR__)

  for file <- ~w(bench progress), do: Code.require_file("../support/#{file}.exs", __DIR__)

  @doc "The results and goals: 100 kills of the node, or 6 if it is to be quick."
  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    folder = folder()

    try do
      [kills(folder, if(quick?, do: 6, else: 100))]
      |> Enum.unzip()
      |> then(fn {results, goals} -> {Enum.concat(results), Enum.concat(goals)} end)
    after
      File.rm_rf!(folder)
    end
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

  defp folder do
    folder = Path.join(System.tmp_dir!(), "cantilever-durability-#{System.pid()}")
    File.mkdir_p!(folder)
    folder
  end
end
