Code.require_file("../../../bench/json/collections.exs", __DIR__)

defmodule Cantilever.Bench.JSON.CollectionsTest do
  # The node has one system monitor.
  use ExUnit.Case, async: false

  alias Cantilever.Bench.JSON.Collections
  alias Cantilever.Responsiveness

  test "long collections are counted, also during a sample, which is the system monitor itself then" do
    {:ok, collections} = Collections.start_link()
    assert Collections.take(collections) == %{count: 0, longest_ms: 0}

    work = fn ->
      list = Enum.to_list(1..2_000_000)
      :erlang.garbage_collect()
      hd(list)
    end

    _sample = Responsiveness.sample(work, concurrency: 1, duration: 50)
    assert %{count: count, longest_ms: longest_ms} = Collections.take(collections)
    assert count > 0 and longest_ms > 0
    assert Collections.take(collections) == %{count: 0, longest_ms: 0}
    :ok = GenServer.stop(collections)
  end
end
