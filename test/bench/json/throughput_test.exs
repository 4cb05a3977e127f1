for file <- ~w(throughput heap), do: Code.require_file("../../../bench/json/#{file}.exs", __DIR__)

defmodule Cantilever.Bench.JSON.ThroughputTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.{Heap, Throughput}

  test "a call takes as long as it does, in a process of its own" do
    test = self()

    wait = fn :input ->
      send(test, {:called_by, self()})
      Process.sleep(2)
    end

    assert Throughput.ns_per_call(wait, :input, 10) >= 2_000_000
    assert_received {:called_by, pid}
    assert pid != test
  end

  test "a call that ends its process ends the measurement" do
    assert catch_exit(Throughput.ns_per_call(fn _ -> exit(:no) end, 1, 1)) == :no
  end

  test "a sized heap has room for the result, and nothing is collected" do
    work = fn -> Enum.to_list(1..200_000) end
    heap = Heap.for_result_of(work, 1_000)
    assert heap[:min_heap_size] >= 2 * 400_000

    collections =
      Heap.run(heap, fn ->
        list = work.()
        {:garbage_collection, info} = Process.info(self(), :garbage_collection)
        {length(list), info[:minor_gcs]}
      end)

    assert collections == {200_000, 0}
  end
end
