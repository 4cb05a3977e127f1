defmodule MyApp.Panel.FiguresTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{Histogram, Probe}
  alias MyApp.Panel.Figures

  describe "shares/2" do
    test "is the part of the time between the looks, whatever the counters do" do
      before = %{1 => {10, 100}, 2 => {0, 100}, 3 => {5, 5}}
      now = %{1 => {60, 200}, 2 => {100, 200}, 3 => {5, 5}, 4 => {7, 9}}
      assert Figures.shares(before, now) == [{1, 0.5}, {2, 1.0}, {3, 0.0}, {4, 0.0}]
    end
  end

  describe "stats/1" do
    test "has what the page shows, for the schedulers that are online" do
      histogram = Enum.reduce([60, 60, 70, 5_000], Histogram.new(), &Histogram.add(&2, &1))
      _ = :erlang.system_flag(:scheduler_wall_time, true)
      work = Figures.work()
      status = MyApp.Work.idle()

      stats =
        Figures.stats(%{
          interval_ms: 250,
          probe: Probe.summary(histogram),
          before: work,
          now: Figures.work(),
          queues: :erlang.statistics(:run_queue_lengths_all),
          work: status
        })

      assert %{answers: 4, p50_us: 60, max_us: 5_000, histogram: buckets} = stats.probe
      assert [[60, 2], [70, 1], [5_000, 1]] = buckets
      assert length(stats.schedulers) == System.schedulers_online()
      assert length(stats.run_queues.normal) == System.schedulers_online()

      assert Enum.all?(
               stats.schedulers ++ stats.dirty_cpu ++ [stats.dirty_io],
               &(&1 >= 0.0 and &1 <= 1.0)
             )

      assert {:ok, json} = Cantilever.JSON.encode(stats)
      assert Cantilever.JSON.decode!(json)["work"]["mode"] == nil
    end
  end
end
