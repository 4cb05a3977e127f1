defmodule Cantilever.Bench.Chat.Soak do
  @moduledoc """
  A chat for minutes or hours, with random joins, leaves, messages and crashes: nothing may go wrong, and nothing may grow.

      Cantilever.Bench.Chat.Soak.run(60)
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Apart
  alias Cantilever.Bench.Chat.Crowd
  alias Cantilever.Bench.Chat.Drifters
  alias Cantilever.Bench.Chat.Growth
  alias Cantilever.Bench.Chat.Spree

  Code.require_file("../support/bench.exs", __DIR__)

  for file <-
        ~w(apart load durability/ledger crashes/client crashes/victims crashes/witness) ++
          ~w(crashes/crowd crashes/comeback crashes/spree soak/growth soak/drifters),
      do: Code.require_file("#{file}.exs", __DIR__)

  @crowd [clients: 200, rooms: 30, rooms_per_client: 4, senders: 4, pause: 20, wander: 2_000] ++
           [keep: 2_000, check: false]
  @kill_every_ms 250
  @drift_every_ms 200
  # Each minute, but for at least so many samples.
  @samples 18

  @doc "The results and goals of a soak of so many minutes."
  @spec run(number, integer) :: {[Bench.result()], [Bench.goal()]}
  def run(minutes, seed \\ System.os_time(:second)) do
    IO.puts(:stderr, "soak: #{minutes} min, seed #{seed}")
    :rand.seed(:exsss, seed)
    Apart.run("chat-soak", &soak(&1, round(minutes * 60_000)))
  end

  defp soak(folder, duration_ms) do
    # The rooms of those who were there once are gone before the samples that are judged.
    idle_ms = duration_ms |> div(40) |> min(60_000) |> max(100)
    crowd = Crowd.start(folder, @crowd ++ [chat: [room_idle_ms: idle_ms]])
    drifters = Drifters.start(crowd.chat, @drift_every_ms)
    every_ms = min(60_000, div(duration_ms, @samples))
    sampler = Task.async(fn -> sample(every_ms, div(duration_ms, every_ms), []) end)
    {killed, _back} = Spree.run(crowd, duration_ms, @kill_every_ms)
    samples = Task.await(sampler, :infinity)
    Drifters.stop(drifters)
    judge(samples, killed, Crowd.finish(crowd))
  end

  defp sample(_every_ms, 0, samples), do: Enum.reverse(samples)

  defp sample(every_ms, left, samples) do
    receive after: (every_ms -> :ok)
    sample = Growth.sample()

    IO.puts(
      :stderr,
      "soak: " <> Enum.map_join(sample, ", ", fn {part, value} -> "#{part} #{value}" end)
    )

    sample(every_ms, left - 1, [sample | samples])
  end

  defp judge(samples, killed, found) do
    for example <- found.examples, do: IO.puts(:stderr, "soak: #{inspect(example)}")
    {results, goals} = Growth.judge(samples)

    {[
       Bench.result("soak: killed", [killed |> Map.values() |> Enum.sum()], ""),
       Bench.result("soak: messages acknowledged", [found.acknowledged], ""),
       Bench.result("soak: messages seen by clients", [found.delivered], "")
       | results
     ],
     [
       Bench.goal("soak: messages twice, in disorder or lost", found.wrong, "<=", 0)
       | goals
     ]}
  end
end
