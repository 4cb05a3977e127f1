defmodule Cantilever.WebServer.WakefulnessTest do
  use ExUnit.Case, async: true

  alias Cantilever.WebServer.Wakefulness

  @after_ms 10

  test "hibernates right after a message that comes alone, however many there were" do
    for n <- 1..5, reduce: Wakefulness.new(0) do
      wakefulness ->
        woken = Wakefulness.woken(wakefulness, n * 3_000, @after_ms)
        assert {:hibernate, ^woken} = Wakefulness.rest(woken)
        woken
    end
  end

  test "stays awake after several in a short time, until it is looked at and was idle" do
    wakefulness = Wakefulness.new(0)
    wakefulness = Wakefulness.woken(wakefulness, 1, @after_ms)
    assert {:hibernate, wakefulness} = Wakefulness.rest(wakefulness)
    wakefulness = Wakefulness.woken(wakefulness, 2, @after_ms)
    assert {:hibernate, wakefulness} = Wakefulness.rest(wakefulness)
    wakefulness = Wakefulness.woken(wakefulness, 3, @after_ms)
    assert :stay = Wakefulness.rest(wakefulness)
    assert :stay = wakefulness |> Wakefulness.await() |> Wakefulness.rest()

    assert_receive :look_idle, 5_000
    assert Wakefulness.idle?(%{wakefulness | now: reductions() + 1_000_000})
    refute Wakefulness.idle?(%{wakefulness | now: reductions() - 1_000_000})
    assert {:hibernate, _} = wakefulness |> Wakefulness.sleep() |> Wakefulness.rest()
  end

  test "awaits an answer, and hibernates after it" do
    woken = 0 |> Wakefulness.new() |> Wakefulness.woken(1, @after_ms)
    awaiting = Wakefulness.await(woken)
    assert awaiting.now == :awaiting
    refute Wakefulness.idle?(awaiting)
    assert {:hibernate, ^woken} = Wakefulness.rest(awaiting)
    refute_received :look_idle
  end

  test "what goes on coming without an answer keeps it awake, as anything else does" do
    wakefulness = 0 |> Wakefulness.new() |> Wakefulness.woken(1, @after_ms) |> Wakefulness.await()
    wakefulness = Wakefulness.woken(wakefulness, 2, @after_ms)
    assert wakefulness.now == :awaiting
    wakefulness = Wakefulness.woken(wakefulness, 3, @after_ms)
    assert :stay = Wakefulness.rest(wakefulness)
    assert_receive :look_idle, 5_000
  end

  test "waits for an answer no longer than it would stay awake without one" do
    assert Wakefulness.answer_ms(10) == 10
    assert Wakefulness.answer_ms(5_000) == 1_000
  end

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end
end
