defmodule Cantilever.Bench.Chat.Storing do
  @moduledoc false
  # How many messages a second are acknowledged by a store on disk, and how long one alone takes.

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Apart
  alias Cantilever.Bench.Chat.Population
  alias Cantilever.Chat
  alias Cantilever.Chat.Store

  @payload String.duplicate("x", 98)
  @rooms 100

  Code.require_file("apart.exs", __DIR__)

  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    {runs, each} = if quick?, do: {2, 20}, else: {7, 100}
    Apart.in_folder("storing", &measure(&1, runs, each))
  end

  defp measure(folder, runs, each) do
    population = Population.empty(store: {Store.SQLite, path: Path.join(folder, "chat.db")})

    try do
      _warm = per_second(population, 100, 10)
      alone = for _ <- 1..(runs * 20), do: 1_000 / per_second(population, 1, 1)
      many = for _ <- 1..runs, do: per_second(population, 1_000, each)
      with_ids = for _ <- 1..runs, do: per_second(population, 1_000, each, true)

      {[
         Bench.result("acknowledged on disk, 1,000 senders", many, "messages/s"),
         Bench.result("the same, each with an id", with_ids, "messages/s"),
         Bench.result("a message alone, until it is on disk", alone, "ms")
       ],
       [
         Bench.goal("acknowledged on disk (messages/s)", Bench.median(many), ">=", 20_000)
       ]}
    after
      Population.stop(population)
    end
  end

  defp per_second(population, senders, each, ids? \\ false) do
    begun = System.monotonic_time(:microsecond)

    1..senders
    |> Enum.map(fn sender ->
      Task.async(fn ->
        for n <- 1..each do
          id = if ids?, do: "#{begun}-#{n}"
          room = Population.room(rem(sender, @rooms))

          {:ok, _seq} =
            Chat.broadcast(population.chat, room, "user-#{sender}", @payload,
              id: id,
              timeout: 60_000
            )
        end

        :ok
      end)
    end)
    |> Task.await_many(:infinity)

    senders * each * 1_000_000 / (System.monotonic_time(:microsecond) - begun)
  end
end
