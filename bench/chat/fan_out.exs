defmodule Cantilever.Bench.Chat.FanOut do
  @moduledoc false
  # How fast messages of 100 bytes get to the members of a large room, and of many small ones. The store is in memory.

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.BareProcesses
  alias Cantilever.Bench.Chat.Population
  alias Cantilever.Chat

  @payload String.duplicate("x", 98)
  @senders 32

  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    {members, runs, each} = if quick?, do: {20_000, 5, 40}, else: {100_000, 25, 320}
    large = large_room(members, runs)
    {joins, idle_joins} = joins_meanwhile(members)
    deliveries = small_rooms(div(members, 100), 5, each)
    %{shard_members: shard_members} = Chat.Options.new!(name: __MODULE__)
    bare_large = bare(members, &div(&1 - 1, shard_members), runs)
    bare_small = bare(members, &rem(&1, div(members, 100)), runs)

    {[
       Bench.result("a message to a room of #{members}: until the last has it", large, "ms"),
       Bench.result(
         "a message to #{members} bare processes, which only count it",
         Enum.map(bare_large, &(members * 1_000 / &1)),
         "ms"
       ),
       Bench.result("connecting and joining that room while it delivers", joins, "ms"),
       Bench.result("connecting and joining that room, idle", idle_joins, "ms"),
       Bench.result("#{div(members, 100)} rooms of 100, sustained", deliveries, "deliveries/s"),
       Bench.result(
         "#{div(members, 100)} groups of 100 bare processes, which only count it",
         bare_small,
         "deliveries/s"
       )
     ],
     [
       Bench.goal(
         "a message to a room of 100,000: until the last has it (ms)",
         Bench.median(large) * 100_000 / members,
         "<=",
         250
       ),
       Bench.goal("1,000 rooms of 100 (deliveries/s)", Bench.median(deliveries), ">=", 500_000)
     ]}
  end

  defp bare(members, group_of, runs) do
    processes = BareProcesses.start(members, group_of)
    samples = for _run <- 1..runs, do: BareProcesses.say(processes)
    BareProcesses.stop(processes)
    samples
  end

  defp large_room(members, runs) do
    population = Population.start(connections: members, rooms: 1)
    samples = for _ <- 0..runs, do: broadcast_ms(population, members)
    Population.stop(population)
    # The first one wakes everybody up.
    tl(samples)
  end

  defp broadcast_ms(population, members) do
    before = Population.delivered(population)
    begun = System.monotonic_time(:microsecond)
    {:ok, _seq} = Chat.broadcast(population.chat, Population.room(0), "ann", @payload)
    Population.wait(population, before + members)
    (System.monotonic_time(:microsecond) - begun) / 1_000
  end

  defp joins_meanwhile(members) do
    population = Population.start(connections: members, rooms: 1)
    idle = for number <- 1..50, do: join_ms(population, members + number)

    talking =
      Task.async(fn ->
        for n <- 1..20,
            do: {:ok, ^n} = Chat.broadcast(population.chat, Population.room(0), "ann", @payload)
      end)

    busy = for number <- 51..100, do: join_ms(population, members + number)
    Task.await(talking, :infinity)
    Population.stop(population)
    {busy, idle}
  end

  defp join_ms(population, number) do
    begun = System.monotonic_time(:microsecond)
    {:ok, connection} = Chat.connect(population.chat, "late-#{number}", owner: nil)
    {:ok, _joined} = Chat.UserConnection.join(connection, Population.room(0), timeout: 60_000)
    :ok = Chat.UserConnection.close(connection)
    (System.monotonic_time(:microsecond) - begun) / 1_000
  end

  defp small_rooms(rooms, runs, each) do
    population = Population.start(connections: rooms * 100, rooms: rooms)
    samples = for _ <- 0..runs, do: deliveries_per_s(population, rooms, each)
    Population.stop(population)
    tl(samples)
  end

  # Each sender sends the next message when the last one is acknowledged.
  defp deliveries_per_s(population, rooms, each) do
    before = Population.delivered(population)
    begun = System.monotonic_time(:microsecond)

    1..@senders
    |> Enum.map(fn sender ->
      Task.async(fn ->
        for n <- 1..each do
          room = Population.room(rem(sender + n * @senders, rooms))
          {:ok, _seq} = Chat.broadcast(population.chat, room, "user", @payload, timeout: 60_000)
        end

        :ok
      end)
    end)
    |> Task.await_many(:infinity)

    count = @senders * each * 100
    Population.wait(population, before + count)
    count * 1_000_000 / (System.monotonic_time(:microsecond) - begun)
  end
end
