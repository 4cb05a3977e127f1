defmodule Cantilever.RateTest do
  use ExUnit.Case, async: true

  alias Cantilever.Rate

  test "lets a burst through, and then so many a second" do
    {rate, taken} = take_all(Rate.new(5, 0), 0, 0)
    assert taken == 5
    assert {:wait, 100, rate} = Rate.take(rate, 10, 5, 0)
    assert {:wait, 1, rate} = Rate.take(rate, 10, 5, 99)
    assert {:ok, rate} = Rate.take(rate, 10, 5, 100)
    assert {:wait, 100, rate} = Rate.take(rate, 10, 5, 100)
    # A long pause fills it, and no more.
    {_rate, taken} = take_all(rate, 1_000_000, 0)
    assert taken == 5
  end

  test "has what was taken unasked made up for by a wait" do
    assert {0, rate} = Rate.spend(Rate.new(500, 0), 400, 1_000, 500, 0)
    assert {200, rate} = Rate.spend(rate, 300, 1_000, 500, 0)
    # Whoever goes on meanwhile waits longer.
    assert {150, rate} = Rate.spend(rate, 50, 1_000, 500, 100)
    assert {0, rate} = Rate.spend(rate, 0, 1_000, 500, 250)
    assert {500, _rate} = Rate.spend(rate, 1_000, 1_000, 500, 1_000_000)
  end

  defp take_all(rate, now_ms, taken) do
    case Rate.take(rate, 10, 5, now_ms) do
      {:ok, rate} -> take_all(rate, now_ms, taken + 1)
      {:wait, _ms, rate} -> {rate, taken}
    end
  end
end
