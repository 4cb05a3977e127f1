Code.require_file("../../../bench/support/bench.exs", __DIR__)
Code.require_file("../../../bench/chat/soak/growth.exs", __DIR__)

defmodule Cantilever.Bench.Chat.GrowthTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Chat.Growth

  defp missed(change) do
    sample = Growth.sample()
    {_results, goals} = Growth.judge(for minute <- 1..30, do: change.(sample, minute))
    for goal <- goals, not goal.met, do: goal.name
  end

  test "what levels off is right, whatever one sample was" do
    assert missed(fn sample, minute -> %{sample | atoms: 1_000 * min(minute, 9)} end) == []

    assert missed(fn sample, minute ->
             if minute == 25, do: %{sample | ports: 9_999}, else: sample
           end) == []
  end

  test "what goes on growing is named" do
    assert missed(fn sample, minute -> %{sample | handles: 2 * minute} end) ==
             ["soak: growth of file handles"]
  end

  test "what the system does not tell is left out" do
    assert missed(fn sample, _minute -> %{sample | rss: nil} end) == []
  end
end
