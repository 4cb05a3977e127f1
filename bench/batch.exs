# The batch pipeline beside what one would write with `Task.async_stream`: throughput of tiny items, overhead for items
# of about a millisecond, memory on a long stream.

Code.require_file("support/bench.exs", __DIR__)

defmodule Cantilever.Bench.Batch do
  @moduledoc false
  alias Cantilever.Bench
  alias Cantilever.DataProcessor

  @spec run(Bench.options()) :: {[Bench.result()], [Bench.goal()]}
  def run(%{quick: quick?}) do
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

    samples =
      Bench.rounds(
        [
          async: per_second(single, fn -> async_stream(single) end),
          by_hand: per_second(count, fn -> chunked(list) end),
          batch: per_second(count, fn -> DataProcessor.process_batch(list, &(&1 + 1)) end),
          stream:
            per_second(count, fn -> list |> DataProcessor.stream(&(&1 + 1)) |> Stream.run() end)
        ],
        runs(quick?)
      )

    {[
       Bench.result("Task.async_stream, an item a task", samples.async, "items/s"),
       Bench.result("Task.async_stream, 1,000 items a task by hand", samples.by_hand, "items/s"),
       Bench.result("process_batch", samples.batch, "items/s"),
       Bench.result("stream", samples.stream, "items/s")
     ],
     [
       Bench.goal(
         "tiny items: process_batch to Task.async_stream",
         Bench.ratio(samples.batch, samples.async),
         ">=",
         30
       )
     ]}
  end

  defp millisecond(quick?) do
    count = if quick?, do: 300, else: 1_000
    loops = calibrate(1_000_000)
    work = fn _item -> loop(loops) end

    samples =
      Bench.rounds(
        [
          ideal: per_second(count, fn -> shared_out(count, work) end),
          batch: per_second(count, fn -> DataProcessor.process_batch(1..count, work) end)
        ],
        runs(quick?)
      )

    {[
       Bench.result("1 ms each, shared out by hand", samples.ideal, "items/s"),
       Bench.result("1 ms each, process_batch", samples.batch, "items/s")
     ],
     [
       Bench.goal(
         "items of 1 ms: process_batch to shared out by hand",
         Bench.ratio(samples.batch, samples.ideal),
         ">=",
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

    early = Enum.take(samples, 10)
    late = Enum.take(samples, -10)

    {[
       Bench.result("a stream of #{count}, memory in its first tenth", early, "MB"),
       Bench.result("a stream of #{count}, memory in its last tenth", late, "MB")
     ],
     [
       Bench.goal(
         "stream: memory in the last tenth to the first",
         Enum.max(late) / Enum.max(early),
         "<=",
         1.2
       )
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
end

Cantilever.Bench.main("batch", &Cantilever.Bench.Batch.run/1)
