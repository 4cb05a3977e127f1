defmodule Cantilever.Responsiveness.StolenTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Stolen

  describe "left_ms/5" do
    test "takes off what the scheduler had to wait" do
      assert left(22, 40, ran: 40, waited: 0) == 22.0
      assert left(22, 40, ran: 25, waited: 15) == 7.0
      assert left(9, 40, ran: 30, waited: 10) == 0.0
    end

    test "keeps what it must have run for in the hold, when it had to wait before" do
      assert left(22, 22, ran: 22.5, waited: 30) == 21.5
      assert left(22, 24, ran: 22.5, waited: 30) == 19.5
      assert left(22, 22, ran: 50, waited: 30) == 22.0
    end

    test "takes off the longest wait of any, where it is not known which it was" do
      times = %{1 => {0, 0}, 2 => {0, 0}}
      now = %{1 => {9_000_000, 3_000_000}, 2 => {9_000_000, 5_000_000}}
      assert Stolen.left_ms(8, 8, times, now, nil) == 3.0
      assert Stolen.left_ms(8, 8, times, now, 1) == 8.0
    end

    test "takes nothing off where nothing is known" do
      assert Stolen.left_ms(8, 8, %{}, %{}, 1) == 8
      assert Stolen.left_ms(8, 8, %{}, %{}, nil) == 8
      assert Stolen.left_ms(0, 8, %{}, %{}, nil) == 0
    end
  end

  describe "threads/0 and times/1" do
    if :os.type() == {:unix, :linux} do
      test "find the thread of each scheduler" do
        threads = Stolen.threads()
        assert Enum.sort(Map.keys(threads)) == Enum.to_list(1..:erlang.system_info(:schedulers))
        times = Stolen.times(threads)
        # Where the kernel does not keep them there are none.
        assert Map.keys(times) in [[], Map.keys(threads)]
        for {_scheduler, {ran, waited}} <- times, do: assert(ran >= 0 and waited >= 0)
      end
    end

    test "know nothing of threads that there are not" do
      assert Stolen.times(%{1 => "/nowhere/schedstat"}) == %{}
    end
  end

  defp left(reported_ms, took_ms, ran: ran_ms, waited: waited_ms) do
    now = %{1 => {5 + round(ran_ms * 1_000_000), 7 + waited_ms * 1_000_000}}
    Float.round(Stolen.left_ms(reported_ms, took_ms, %{1 => {5, 7}}, now, 1), 3)
  end
end
