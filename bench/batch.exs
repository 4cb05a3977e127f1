# The batch pipeline beside what one would write with `Task.async_stream`: throughput of tiny items, overhead for items of about a
# millisecond, memory on a long stream. Run with: mix run bench/batch.exs [--quick]

defmodule Cantilever.Bench.Batch do
  @moduledoc false
  # The contenders of a comparison take turns, so that whatever else the machine does hits all of them; the goals compare medians.

  alias Cantilever.DataProcessor

  @spec run(boolean) :: {results :: [map], goals :: [map]}
  def run(quick?) do
    parts = [&tiny/1, &millisecond/1, &memory/1]
    {results, goals} = parts |> Enum.map(& &1.(quick?)) |> Enum.unzip()
    {Enum.concat(results), Enum.concat(goals)}
  end

  defp tiny(quick?) do
    count = if quick?, do: 200_000, else: 1_000_000
    single = div(count, 10)
    list = Enum.to_list(1..count)
    expected = Enum.map(list, &{:ok, &1 + 1})
    ^expected = DataProcessor.process_batch(list, &(&1 + 1))

    [async, by_hand, batch, stream] =
      alternate(runs(quick?), [
        {"Task.async_stream, an item a task", "items/s",
         per_second(single, fn -> async_stream(single) end)},
        {"Task.async_stream, 1,000 items a task by hand", "items/s",
         per_second(count, fn -> chunked(list) end)},
        {"process_batch", "items/s",
         per_second(count, fn -> DataProcessor.process_batch(list, &(&1 + 1)) end)},
        {"stream", "items/s",
         per_second(count, fn -> list |> DataProcessor.stream(&(&1 + 1)) |> Stream.run() end)}
      ])

    {[async, by_hand, batch, stream],
     [at_least("tiny items: process_batch / Task.async_stream", batch.value / async.value, 30)]}
  end

  defp millisecond(quick?) do
    count = if quick?, do: 300, else: 1_000
    loops = calibrate(1_000_000)
    work = fn _item -> loop(loops) end

    [ideal, batch] =
      alternate(runs(quick?), [
        {"1 ms each: a process per scheduler, shared out by hand", "items/s",
         per_second(count, fn -> shared_out(count, work) end)},
        {"1 ms each: process_batch", "items/s",
         per_second(count, fn -> DataProcessor.process_batch(1..count, work) end)}
      ])

    {[ideal, batch],
     [
       at_least(
         "items of 1 ms: process_batch / shared out by hand",
         batch.value / ideal.value,
         0.9
       )
     ]}
  end

  defp memory(quick?) do
    count = if quick?, do: 1_000_000, else: 10_000_000
    step = div(count, 100)

    samples =
      1..count
      |> DataProcessor.stream(&(&1 + 1))
      |> Stream.take_every(step)
      |> Enum.map(fn _outcome -> :erlang.memory(:total) / 1_000_000 end)

    early = samples |> Enum.take(10) |> Enum.max()
    late = samples |> Enum.take(-10) |> Enum.max()

    {[
       %{
         name: "stream of #{count} items: memory in its first tenth",
         value: early,
         unit: "MB",
         runs: 1,
         min: early,
         max: early
       },
       %{
         name: "stream of #{count} items: memory in its last tenth",
         value: late,
         unit: "MB",
         runs: 1,
         min: late,
         max: late
       }
     ],
     [
       %{
         name: "stream: memory in the last tenth / in the first",
         value: late / early,
         goal: "<= 1.2",
         met: late / early <= 1.2
       }
     ]}
  end

  defp async_stream(count), do: 1..count |> Task.async_stream(&(&1 + 1)) |> Enum.to_list()

  defp chunked(list) do
    list
    |> Stream.chunk_every(1_000)
    |> Task.async_stream(fn chunk -> Enum.map(chunk, &(&1 + 1)) end)
    |> Enum.flat_map(fn {:ok, results} -> results end)
  end

  defp shared_out(count, work) do
    processes = System.schedulers_online()
    share = div(count, processes)

    1..processes
    |> Enum.map(fn _process -> Task.async(fn -> Enum.map(1..share, work) end) end)
    |> Task.await_many(:infinity)
  end

  defp loop(0), do: :ok
  defp loop(count), do: loop(count - 1)

  # How many rounds of `loop/1` take a millisecond here.
  defp calibrate(rounds) do
    microseconds = Enum.min(for _run <- 1..5, do: elem(:timer.tc(fn -> loop(rounds) end), 0))
    max(div(rounds * 1_000, microseconds), 1)
  end

  defp runs(quick?), do: if(quick?, do: 3, else: 7)

  # Each measurement in a fresh process: what the one before left on its heap is not the next one's cost.
  defp per_second(count, fun) do
    fn ->
      Task.await(Task.async(fn -> count * 1_000_000 / elem(:timer.tc(fun), 0) end), :infinity)
    end
  end

  defp alternate(runs, contenders) do
    rounds =
      for _round <- 1..runs,
          do: Enum.map(contenders, fn {_name, _unit, measure} -> measure.() end)

    for {values, {name, unit, _measure}} <- Enum.zip(Enum.zip_with(rounds, & &1), contenders) do
      sorted = Enum.sort(values)

      %{
        name: name,
        value: Enum.at(sorted, div(runs, 2)),
        unit: unit,
        runs: runs,
        min: hd(sorted),
        max: List.last(sorted)
      }
    end
  end

  defp at_least(name, value, goal),
    do: %{name: name, value: value, goal: ">= #{goal}", met: value >= goal}
end

{results, goals} = Cantilever.Bench.Batch.run("--quick" in System.argv())
round2 = &Float.round(&1 / 1, 2)

for result <- results do
  IO.puts(
    "#{result.name}\t#{round2.(result.value)} #{result.unit} (#{round2.(result.min)} to #{round2.(result.max)})"
  )
end

for goal <- goals do
  IO.puts(
    "#{goal.name}\t#{round2.(goal.value)}, goal #{goal.goal}: #{if goal.met, do: "met", else: "missed"}"
  )
end
