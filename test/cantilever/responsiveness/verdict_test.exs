defmodule Cantilever.Responsiveness.VerdictTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{Histogram, Report, Sample, Singles, Verdict}

  describe "judge/1 of holds" do
    test "believes those of nearly every call, and says for how long" do
      report =
        report(single: singles(50, List.duplicate({22.0, 0.0}, 48)), call: [max_us: 134_000_000])

      assert %Verdict{status: :fails, reasons: [%{kind: :holds} = reason]} = Verdict.judge(report)
      assert reason.message =~ "a call holds a scheduler for 22 ms (48 of 50 made one by one did)"
      assert reason.message =~ "beside 4 callers others waited up to 134 s"
      assert reason.advice =~ "Make it an async fn"
    end

    test "believes few calls that are much longer than Elixir loops beside them" do
      assert [:holds] = kinds(single: singles(6, List.duplicate({400.0, 9.0}, 6)))
      assert [] = kinds(single: singles(6, List.duplicate({20.0, 9.0}, 6)))
      assert [] = kinds(single: singles(6, List.duplicate({400.0, 9.0}, 4)))
    end

    test "finds those of a share of the calls, and says which" do
      report =
        report(single: singles(9_700, List.duplicate({5.0, 0.0}, 100)), call: [max_us: 12_000])

      assert %Verdict{status: :fails, reasons: [%{kind: :holds_sometimes} = reason]} =
               Verdict.judge(report)

      assert reason.message ==
               "one call in about 97 holds a scheduler for 5 ms; beside 4 callers others waited up to 12 ms"
    end

    test "does not believe what Elixir loops show too" do
      noise = for i <- 1..200, do: {rem(i * 7, 11) * 1.0, rem(i * 5, 11) * 1.0}
      assert [] = kinds(single: singles(200, noise))
      assert [] = kinds(single: singles(5_000, noise))
    end

    test "does not believe a few in many" do
      assert [] = kinds(single: singles(1_000, List.duplicate({12.0, 0.0}, 6)))
    end

    test "believes holds that stand out of loud noise" do
      noisy =
        for i <- 1..100,
            do: {22.0 + rem(i, 9), if(rem(i, 10) == 0, do: 40.0, else: 1.0 * rem(i, 9))}

      assert [:holds] = kinds(single: singles(100, noisy))
    end

    test "allows as much as it is told to" do
      singles = singles(50, List.duplicate({22.0, 0.0}, 50))
      assert [] = kinds(single: singles, max_hold_ms: 22)
      assert [:holds] = kinds(single: singles, max_hold_ms: 21)
    end

    test "names the place if the VM does" do
      singles = %{singles(50, List.duplicate({22.0, 0.0}, 50)) | place: {:lists, :seq_loop, 3}}
      assert %{reasons: [%{message: message}]} = Verdict.judge(report(single: singles))
      assert message =~ "one by one did), at :lists.seq_loop/3 as the VM says;"
    end

    test "finds those that are too seldom for single calls, if Elixir shows few" do
      holds = List.duplicate(6, 60)

      assert [:holds_sometimes] = kinds(call: [holds: holds, elapsed_ms: 3_000])

      assert [] =
               kinds(
                 call: [holds: holds, elapsed_ms: 3_000],
                 elixir: [holds: List.duplicate(3, 20)]
               )

      assert [] = kinds(call: [holds: Enum.take(holds, 20), elapsed_ms: 3_000])
    end
  end

  describe "undecided?/2" do
    test "asks for more where there are signs, but too few" do
      hold = {5.0, 0.0}
      undecided = fn holds -> Verdict.undecided?(singles(1_000, holds), 1) end

      refute undecided.([])
      refute undecided.([hold])
      assert undecided.([hold, hold])
      assert undecided.(List.duplicate(hold, 9))
      refute undecided.(List.duplicate(hold, 10))
      assert undecided.([{0.0, 5.0} | List.duplicate(hold, 9)])
      refute undecided.(List.duplicate({0.0, 5.0}, 3) ++ List.duplicate(hold, 4))
    end
  end

  describe "judge/1 of dirty schedulers" do
    test "finds them taken when they are busy and calls queue for them" do
      call = [utilisation: %{dirty_cpu: 0.99}, run_queues: %{dirty_cpu: %{mean: 2.04, max: 3}}]
      assert %Verdict{reasons: [reason]} = Verdict.judge(report(call: call))
      assert reason.kind == :dirty_cpu_taken

      assert reason.message =~
               "4 callers keep the 2 dirty CPU schedulers 99 % busy, and 2.0 more calls queue"

      assert reason.advice =~ "Admit fewer"

      call = [utilisation: %{dirty_io: 0.99}, run_queues: %{dirty_io: %{mean: 5.0, max: 9}}]
      assert [:dirty_io_taken] = kinds(call: call)
    end

    test "does not mind them being busy while nobody queues, nor a queue that was there before" do
      assert [] = kinds(call: [utilisation: %{dirty_cpu: 1.0}])

      busy = [utilisation: %{dirty_cpu: 1.0}, run_queues: %{dirty_cpu: %{mean: 2.0, max: 3}}]
      assert [] = kinds(call: busy, elixir: busy)
    end
  end

  describe "judge/1 of neighbours" do
    test "finds them slow when they are so beside idle and Elixir, in most rounds clearly" do
      report =
        report(
          call: [p99_us_by_round: [3_700, 900, 4_100]],
          elixir: [p99_us_by_round: [200, 210, 190]]
        )

      assert %Verdict{reasons: [reason]} = Verdict.judge(report)
      assert reason.kind == :slow_neighbours
      assert reason.message =~ "one answer in a hundred took 3.7 ms or more, beside Elixir 200 µs"
    end

    test "does not mind what is under a millisecond, or within the ratio" do
      assert [] =
               kinds(
                 call: [p99_us_by_round: [990, 990, 990]],
                 elixir: [p99_us_by_round: [10, 10, 10]]
               )

      assert [] =
               kinds(
                 call: [p99_us_by_round: [4_000, 4_000, 4_000]],
                 elixir: [p99_us_by_round: [1_500, 1_500, 1_500]]
               )

      assert [:slow_neighbours] =
               kinds(
                 call: [p99_us_by_round: [4_000, 4_000, 4_000]],
                 elixir: [p99_us_by_round: [1_500, 1_500, 1_500]],
                 max_p99_ratio: 2
               )
    end

    test "is not misled by a machine that becomes slow in one round, and stays so for a while" do
      assert [] =
               kinds(
                 idle: [p99_us_by_round: [100, 9_000, 100]],
                 elixir: [p99_us_by_round: [200, 9_000, 200]],
                 call: [p99_us_by_round: [9_000, 9_000, 9_000]]
               )
    end

    test "asks for more the longer others wait anyway" do
      quiet = [p99_us_by_round: [200, 300, 250]]
      loud = [p99_us_by_round: [13_311, 1_647, 9_343]]
      call = [p99_us_by_round: [120_831, 67_583, 52_223]]

      assert [:slow_neighbours] = kinds(call: call, elixir: quiet)
      assert [] = kinds(call: call, elixir: loud)

      assert [:slow_neighbours] =
               kinds(call: [p99_us_by_round: [900_000, 800_000, 950_000]], elixir: loud)
    end

    test "advises on dirty threads, on calls in a row, and else on threads of its own" do
      slow = [p99_us_by_round: [9_000, 9_000, 9_000]]

      assert advice(call: [utilisation: %{dirty_cpu: 0.9}] ++ slow) =~ "Dirty threads"
      assert advice(call: [utilisation: %{dirty_io: 0.9}] ++ slow) =~ "Dirty threads"

      assert advice(call: [holds: List.duplicate(12, 400)] ++ slow) =~
               "Calls in a row held a scheduler for up to 12 ms"

      assert advice(call: slow) =~ "threads of its own"
    end

    test "advises on holds where calls make them, though no longer than is allowed" do
      fields = [
        single: singles(50, List.duplicate({22.0, 0.0}, 48)),
        call: [p99_us_by_round: [90_000, 90_000, 90_000], holds: List.duplicate(22, 200)],
        max_hold_ms: 50
      ]

      assert %{reasons: [%{kind: :slow_neighbours, message: message}]} =
               Verdict.judge(report(fields))

      assert message =~ "; no single call holds a scheduler for more than 50 ms"
      assert advice(fields) =~ "Make it an async fn with a checkpoint"

      few = Keyword.put(fields, :single, singles(50, List.duplicate({22.0, 0.0}, 20)))
      assert advice(few) =~ "Calls in a row"
    end

    test "takes many holds for calls in a row by what the callers can hold, however many schedulers there are" do
      slow = [p99_us_by_round: [9_000, 9_000, 9_000]]
      many = [holds: List.duplicate(5, 4_800)] ++ slow
      assert advice(call: many, schedulers: 8, concurrency: 16) =~ "Calls in a row"
      one_caller = [holds: List.duplicate(5, 500)] ++ slow
      assert advice(call: one_caller, schedulers: 4, concurrency: 1) =~ "Calls in a row"
    end

    test "says nothing of them beside a hold, which tells how long they waited" do
      assert [:holds] =
               kinds(
                 single: singles(20, List.duplicate({22.0, 0.0}, 20)),
                 call: [p99_us_by_round: [9_000, 9_000, 9_000]]
               )
    end
  end

  test "is fine, without reasons, otherwise" do
    assert Verdict.judge(report([])) == %Verdict{status: :fine, reasons: []}
  end

  defp kinds(fields), do: Enum.map(Verdict.judge(report(fields)).reasons, & &1.kind)

  defp advice(fields) do
    assert %{reasons: [%{kind: :slow_neighbours, advice: advice}]} = Verdict.judge(report(fields))
    advice
  end

  defp singles(calls, holds),
    do: %Singles{
      calls: calls,
      call_us: 30_000,
      holds:
        for(
          {call, elixir} <- holds,
          do: %{call_ms: call, elixir_ms: elixir, reported_ms: ceil(call)}
        )
    }

  defp report(fields) do
    {samples, fields} = Keyword.split(fields, [:idle, :elixir, :call])

    %Report{
      concurrency: 4,
      duration_ms: 1_000,
      rounds: 3,
      max_hold_ms: 1,
      max_p99_ratio: 3.0,
      schedulers: 2,
      dirty_cpu_schedulers: 2,
      dirty_io_schedulers: 10
    }
    |> struct!(
      for phase <- [:idle, :elixir, :call], do: {phase, sample(Keyword.get(samples, phase, []))}
    )
    |> struct!(fields)
  end

  defp sample(fields) do
    sample =
      Sample.new(%{
        histogram: Histogram.add(Histogram.new(), 100),
        calls_by_caller: [100, 100, 100, 100],
        holds: [],
        run_queues: Map.new([:normal, :dirty_cpu, :dirty_io], &{&1, %{mean: 0.0, max: 0}}),
        utilisation: %{normal: 1.0, dirty_cpu: 0.0, dirty_io: 0.0},
        reductions: 1_000,
        memory: %{before: 1, max: 3, after: 2},
        elapsed_ms: 3_000
      })

    sample = %{sample | p99_us_by_round: [100, 100, 100]}

    Enum.reduce(fields, sample, fn
      {:holds, holds}, sample ->
        %{sample | holds: holds, longest_hold_ms: Enum.max(holds, fn -> nil end)}

      {key, %{} = some}, sample ->
        Map.update!(sample, key, &Map.merge(&1, some))

      {key, value}, sample ->
        Map.replace!(sample, key, value)
    end)
  end
end
