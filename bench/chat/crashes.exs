defmodule Cantilever.Bench.Chat.Crashes do
  @moduledoc """
  Whether a crash of any process of a chat costs one of them, and nobody a message.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Apart
  alias Cantilever.Bench.Chat.Crowd
  alias Cantilever.Bench.Chat.Spree

  Code.require_file("../support/bench.exs", __DIR__)

  for file <-
        ~w(apart load durability/ledger crashes/client crashes/victims crashes/witness crashes/crowd crashes/comeback crashes/spree),
      do: Code.require_file("#{file}.exs", __DIR__)

  @crowd [clients: 100, rooms: 20, rooms_per_client: 4, senders: 8, pause: 5]
  @kill_every_ms 40

  @doc "The results and goals: a minute of kills, or 5 s if it is to be quick."
  @spec run(boolean, integer) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?, seed \\ System.os_time(:second)) do
    IO.puts(:stderr, "crashes: seed #{seed}")
    :rand.seed(:exsss, seed)

    Apart.run("crashes", fn folder ->
      crowd = Crowd.start(folder, @crowd)
      {killed, back} = Spree.run(crowd, if(quick?, do: 5_000, else: 60_000), @kill_every_ms)
      judge(killed, back, Crowd.finish(crowd))
    end)
  end

  defp judge(killed, back, found) do
    for example <- found.examples ++ found.ledger.examples,
        do: IO.puts(:stderr, "crashes: #{inspect(example)}")

    ends = Enum.group_by(found.ends, fn {reason, _times} -> kind(reason) end, &elem(&1, 1))
    ends = Map.new(ends, fn {kind, times} -> {kind, Enum.sum(times)} end)
    if ends[:other], do: IO.puts(:stderr, "crashes: rooms ended with #{inspect(found.ends)}")

    {results(killed, back, found, ends), goals(back, found, ends)}
  end

  defp results(killed, back, found, ends) do
    all = for {ms, _alone?} <- back, ms != nil, do: ms
    alone = for {ms, true} <- back, ms != nil, do: ms

    [
      Bench.result("crashes: killed", [killed |> Map.values() |> Enum.sum()], ""),
      for(
        {kind, times} <- Enum.sort(killed),
        do: Bench.result("crashes: killed, #{kind}", [times], "")
      ),
      Bench.result("crashes: messages acknowledged", [found.acknowledged], ""),
      Bench.result("crashes: messages delivered", [found.delivered], ""),
      Bench.result("crashes: rooms that made way for another", [ends[:another] || 0], ""),
      for(
        {reason, times} <- Enum.sort(found.ledger.refused),
        do: Bench.result("crashes: senders told #{reason}", [times], "")
      ),
      for(
        {title, times} <- [{"all", all}, {"nothing else killed", alone}],
        times != [],
        {name, share} <- [{"p50", 0.5}, {"p99", 0.99}, {"longest", 1.0}],
        do:
          Bench.result(
            "crashes: members back, #{title}, #{name}",
            [Bench.quantile(times, share)],
            "ms"
          )
      )
    ]
    |> List.flatten()
  end

  defp goals(back, found, ends) do
    times = for {ms, _alone?} <- back, ms != nil, do: ms
    wrong = found.ledger.wrong |> Map.values() |> Enum.sum()

    [
      Bench.goal(
        "crashes: rooms without all their members",
        Enum.count(back, &(elem(&1, 0) == nil)),
        "<=",
        0
      ),
      Bench.goal(
        "crashes: messages twice, in disorder or lost, at a client",
        found.wrong,
        "<=",
        0
      ),
      Bench.goal("crashes: clients that had not all in the end", found.missing, "<=", 0),
      Bench.goal("crashes: messages wrong in the database", wrong, "<=", 0),
      Bench.goal("crashes: rooms that ended and were not killed", ends[:other] || 0, "<=", 0),
      Bench.goal(
        "crashes: trees of another shape",
        if(found.same_shape?, do: 0, else: 1),
        "<=",
        0
      )
    ] ++
      if(times == [],
        do: [],
        else: [
          Bench.goal("crashes: members back, p99 (ms)", Bench.quantile(times, 0.99), "<=", 100)
        ]
      )
  end

  # A registry that is away has rooms started twice; the later one goes.
  defp kind(:killed), do: :killed
  defp kind(:noproc), do: :killed
  defp kind({:shutdown, :another_room}), do: :another
  defp kind(_reason), do: :other
end
