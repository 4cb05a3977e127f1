defmodule Cantilever.Bench.Progress do
  @moduledoc """
  Says how far a bench of several minutes is: ten lines in all.

      progress = Cantilever.Bench.Progress.new(200)
      Cantilever.Bench.Progress.step(progress)
      #=> 20 of 200, 31 s          (at every tenth of them)
  """

  @type t :: %{counter: :counters.counters_ref(), count: pos_integer, begun_ms: integer}

  @doc "For something that has `count` steps."
  @spec new(pos_integer) :: t
  def new(count) do
    %{counter: :counters.new(1, []), count: count, begun_ms: System.monotonic_time(:millisecond)}
  end

  @doc "Notes that another step is done."
  @spec step(t) :: :ok
  def step(%{counter: counter, count: count, begun_ms: begun_ms}) do
    :counters.add(counter, 1, 1)
    done = :counters.get(counter, 1)

    if div(done * 10, count) > div((done - 1) * 10, count) do
      seconds = div(System.monotonic_time(:millisecond) - begun_ms, 1_000)
      IO.puts(:stderr, "#{done} of #{count}, #{seconds} s")
    end

    :ok
  end
end
