defmodule Cantilever.DataProcessor.BatchTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Batch
  alias Cantilever.DataProcessor.Error
  alias Cantilever.DataProcessor.Options
  alias Cantilever.DataProcessor.Segment

  # A machine without processes: it plays caller, source and workers in random order, and lets items fail by their fate.
  defp simulate(fates, mode, options) do
    simulate(%{
      batch: Batch.new(mode, options),
      fates: fates,
      source: Enum.to_list(1..length(fates)//1),
      running: [],
      tries: %{},
      handed: [],
      limit: options.max_concurrency,
      ahead: if(mode == :collected, do: 2, else: 1) * options.max_concurrency
    })
  end

  defp simulate(world) do
    if Batch.finished?(world.batch) do
      world
    else
      moves = [&feed/1, &start/1, (&hand_over/1) | List.duplicate(&advance/1, 3)]
      world |> Enum.random(moves).() |> check() |> simulate()
    end
  end

  defp feed(world) do
    case Batch.demand(world.batch) do
      {0, _size} ->
        world

      {_chunks, size} ->
        {items, source} = Enum.split(world.source, size)
        batch = Batch.put(world.batch, items, length(items), :rand.uniform(2_000))
        %{world | source: source, batch: if(source == [], do: Batch.close(batch), else: batch)}
    end
  end

  defp start(world) do
    case Batch.start(world.batch) do
      {chunk, batch} -> %{world | batch: batch, running: [chunk | world.running]}
      :none -> world
    end
  end

  defp hand_over(world) do
    {segments, batch} = Batch.take(world.batch)
    %{world | batch: batch, handed: world.handed ++ segments}
  end

  defp advance(%{running: []} = world), do: world

  defp advance(world) do
    chunk = Enum.random(world.running)
    world = %{world | running: List.delete(world.running, chunk)}

    case Enum.random([:cut, :work, :work]) do
      :cut when chunk.count > 1 ->
        count = :rand.uniform(chunk.count)
        batch = Batch.cut(world.batch, chunk.first, count, :rand.uniform(30_000))
        %{world | batch: batch, running: [batch.running[chunk.first] | world.running]}

      _work ->
        work(world, chunk)
    end
  end

  defp work(world, chunk) do
    {outcomes, rest, tries} =
      Enum.reduce_while(chunk.items, {[], chunk.items, world.tries}, fn item,
                                                                        {outcomes, [_item | rest],
                                                                         tries} ->
        tries = Map.update(tries, item, 1, &(&1 + 1))

        case fate(world, item, tries[item]) do
          :ok -> {:cont, {[{:ok, -item} | outcomes], rest, tries}}
          :raise -> {:cont, {[{:error, error(chunk, item, tries[item])} | outcomes], rest, tries}}
          :kill -> {:halt, {outcomes, [item | rest], tries}}
        end
      end)

    outcomes = Enum.reverse(outcomes)
    done = length(outcomes)

    batch =
      if rest == [],
        do:
          Batch.done(
            world.batch,
            chunk.first,
            Segment.from_outcomes(outcomes),
            :rand.uniform(5_000)
          ),
        else: Batch.lost(world.batch, chunk.first, outcomes, done + 1, :kill, :killed)

    %{world | batch: batch, tries: tries}
  end

  defp fate(world, item, try_number) do
    case Enum.at(world.fates, item - 1) do
      {kind, times} when try_number <= times -> kind
      _well -> :ok
    end
  end

  defp error(chunk, item, attempts) do
    assert chunk.attempt == attempts
    %Error{input: item, index: item - 1, kind: :raise, reason: :doomed, attempts: attempts}
  end

  defp check(world) do
    batch = world.batch
    assert map_size(batch.running) <= world.limit
    assert map_size(batch.running) == length(world.running)
    size = batch.size.largest_used
    assert batch.in_flight in 0..(world.ahead * size)
    world
  end

  defp outcomes(world) do
    Enum.flat_map(world.handed, fn {_first, segment} -> Segment.outcomes(segment) end)
  end

  for mode <- [:ordered, :unordered, :collected] do
    test "hands over every item once, with the right outcome and within its limits, #{mode}" do
      for seed <- 1..150 do
        :rand.seed(:exsss, {seed, 7, 11})
        count = :rand.uniform(60) - 1
        retries = Enum.random(0..2)

        fates =
          for _item <- 1..count//1 do
            Enum.random([
              :well,
              :well,
              :well,
              {:raise, :rand.uniform(4)},
              {:kill, :rand.uniform(4)}
            ])
          end

        options =
          Options.new!(
            max_concurrency: :rand.uniform(5),
            chunk_size: Enum.random([:auto, 1, :rand.uniform(20)]),
            retries: retries
          )

        world = simulate(fates, unquote(mode), options)

        expected =
          for {fate, item} <- Enum.with_index(fates, 1) do
            case fate do
              {kind, times} when times > retries -> {item, kind, retries + 1}
              _well -> {:ok, -item}
            end
          end

        seen =
          world
          |> outcomes()
          |> Enum.map(fn
            {:error, error} -> {error.input, error.kind, error.attempts}
            ok -> ok
          end)

        {seen, expected} =
          if unquote(mode) == :ordered,
            do: {seen, expected},
            else: {Enum.sort(seen), Enum.sort(expected)}

        assert seen == expected, "seed #{seed}"
        failed = Enum.count(expected, &(tuple_size(&1) == 3))
        assert {world.batch.completed, world.batch.failed} == {count, failed}
        assert Enum.all?(world.tries, fn {_item, tries} -> tries <= retries + 1 end)
        assert world.batch.in_flight == 0
      end
    end
  end

  describe "lost/6" do
    test "blames nobody when the item at hand had left its outcome" do
      batch = Batch.new(:ordered, Options.new!(max_concurrency: 1, chunk_size: 3))
      {_chunk, batch} = batch |> Batch.put([1, 2, 3], 3, 0) |> Batch.start()
      batch = Batch.lost(batch, 0, [ok: 1, ok: 2], 2, :kill, :killed)
      assert {[{0, {:results, [1, 2]}}], batch} = Batch.take(batch)
      assert {%{first: 2, items: [3], attempt: 1}, _batch} = Batch.start(batch)
    end
  end
end
