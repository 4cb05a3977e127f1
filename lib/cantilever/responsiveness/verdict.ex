defmodule Cantilever.Responsiveness.Verdict do
  @moduledoc """
  Whether a function keeps the node responsive, and if not, why, and what helps.

      report = Cantilever.Responsiveness.measure(&MyApp.Native.render/0)
      report.verdict.status
      #=> :fails
      hd(report.verdict.reasons).message
      #=> "a call holds a scheduler for 22 ms (71 of 71 made one by one did); beside 4 callers others waited up to 1 s"

  A function fails for one of these reasons:

    * `:holds` - nearly every call holds a normal scheduler for longer than `:max_hold_ms`;
    * `:holds_sometimes` - some calls do;
    * `:dirty_cpu_taken` and `:dirty_io_taken` - the calls keep all the dirty schedulers of a kind busy, and queue for
      more, so that whatever else needs one waits too;
    * `:slow_neighbours` - other processes wait longer than `:max_p99_ratio` allows, without that any one call holds a
      scheduler for longer than `:max_hold_ms`; never for less than a millisecond, as nobody notices less.

  Machines are noisy, above all those that share their processors. So a hold is believed only if single calls hold a
  scheduler clearly more often, and for longer, than Elixir loops of their length in the same moments do, and slow
  neighbours only if they stand out in every round from what the idle node and Elixir show just before and after.
  """

  alias Cantilever.Responsiveness.{Report, Singles}
  alias Cantilever.Units

  @enforce_keys [:status, :reasons]
  defstruct [:status, :reasons]

  @typedoc "Why a function fails, in words with figures, and what helps."
  @type reason :: %{
          kind: :holds | :holds_sometimes | :slow_neighbours | :dirty_cpu_taken | :dirty_io_taken,
          message: String.t(),
          advice: String.t()
        }

  @typedoc "`:fine` without reasons, or `:fails` with at least one, the gravest first."
  @type t :: %__MODULE__{status: :fine | :fails, reasons: [reason]}

  # The VM counts milliseconds that have begun: half a one more is certainly too long.
  @hold_tolerance_ms 0.5
  @nearly_every 0.8
  @at_least 0.3
  @floor_us 1_000
  # The shortest hold that the VM reports.
  @least_hold_ms 1
  # While somebody queues for a dirty scheduler all of them are taken. They are idle only before and after that.
  @busy 0.5
  @some_busy 0.25
  @clear_queue 0.5

  @hold_advice "Make it an async fn with a checkpoint about every microsecond, or run it on a dirty scheduler (schedule = \"DirtyCpu\")"

  @doc "Judges a report, which need not have a verdict yet."
  @spec judge(Report.t()) :: t
  def judge(%Report{} = report) do
    holds = held_singly(report) || held_now_and_then(report)

    reasons =
      [
        holds,
        dirty_taken(report, :dirty_cpu, report.dirty_cpu_schedulers),
        dirty_taken(report, :dirty_io, report.dirty_io_schedulers),
        # Beside a hold it goes without saying.
        if(holds == nil, do: slow_neighbours(report))
      ]
      |> Enum.reject(&is_nil/1)

    %__MODULE__{status: if(reasons == [], do: :fine, else: :fails), reasons: reasons}
  end

  @doc false
  @spec hold_advice() :: String.t()
  def hold_advice, do: @hold_advice

  @doc false
  # The holds in ms of the calls that held a scheduler for too long.
  @spec held(Singles.t(), pos_integer) :: [float]
  def held(%Singles{holds: holds}, max_hold_ms),
    do: for(%{call_ms: ms} <- holds, ms > max_hold_ms + @hold_tolerance_ms, do: ms)

  @doc false
  # Whether calls held a scheduler as the Elixir loops of their length beside them did not. If noise were all there is, either of two
  # would be the longer one as often.
  @spec believed?(Singles.t(), pos_integer) :: boolean
  def believed?(%Singles{calls: calls} = singles, max_hold_ms) do
    {holds, longer, shorter} = compared(singles, max_hold_ms)

    longer >= 3 * shorter + 10 or
      (longer >= max(@nearly_every * calls, 3 * shorter + 5) and much_longer?(holds))
  end

  @doc false
  # Whether there are signs of holds that are too few to be believed: more calls would tell.
  @spec undecided?(Singles.t(), pos_integer) :: boolean
  def undecided?(%Singles{} = singles, max_hold_ms) do
    {_holds, longer, shorter} = compared(singles, max_hold_ms)
    longer >= shorter + 2 and not believed?(singles, max_hold_ms)
  end

  defp compared(%Singles{holds: holds}, max_hold_ms) do
    limit = max_hold_ms + @hold_tolerance_ms
    holds = Enum.filter(holds, &(max(&1.call_ms, &1.elixir_ms) > limit))
    longer = Enum.count(holds, &(&1.call_ms > &1.elixir_ms))
    shorter = Enum.count(holds, &(&1.call_ms < &1.elixir_ms))
    {holds, longer, shorter}
  end

  defp much_longer?(holds),
    do: median(Enum.map(holds, & &1.call_ms)) >= 3 * median(Enum.map(holds, & &1.elixir_ms))

  defp held_singly(%{single: single, max_hold_ms: max_hold_ms} = report) do
    held = held(single, max_hold_ms)

    if held != [] and believed?(single, max_hold_ms) do
      for_ms = Units.time(median(held) * 1_000)

      waited =
        "#{place(single.place)}; beside #{callers(report)} others waited up to #{Units.time(report.call.max_us)}"

      # On a busy machine more may have been taken off some holds than was to be.
      reported = Enum.count(single.holds, &(&1.reported_ms > max_hold_ms))

      if reported >= @nearly_every * single.calls and length(held) >= @at_least * single.calls do
        reason(
          :holds,
          "a call holds a scheduler for #{for_ms} (#{reported} of #{single.calls} made one by one did)#{waited}",
          @hold_advice
        )
      else
        reason(
          :holds_sometimes,
          "#{how_often(length(held), single.calls)} a scheduler for #{for_ms}#{waited}",
          @hold_advice
        )
      end
    end
  end

  defp how_often(held, calls) when 3 * held > calls, do: "#{held} of #{calls} calls held"
  defp how_often(held, calls), do: "one call in about #{round(calls / held)} holds"

  # Too seldom for single calls to show it. What covers most of the time is not this but many short calls in a row.
  defp held_now_and_then(%{call: call, elixir: elixir, max_hold_ms: max_hold_ms} = report) do
    held = Enum.filter(call.holds, &(&1 > max_hold_ms))
    noise = Enum.count(elixir.holds, &(&1 > max_hold_ms))

    if length(held) >= 5 * noise + 30 and not mostly_held?(report) do
      reason(
        :holds_sometimes,
        "a scheduler was held #{length(held)} times in #{call.calls} calls, for up to #{Units.time(call.longest_hold_ms * 1_000)}" <>
          "#{place(call.hold_place)}; others waited up to #{Units.time(call.max_us)}",
        @hold_advice
      )
    end
  end

  # As much as the callers could hold between them.
  defp mostly_held?(%{call: call, schedulers: schedulers, concurrency: concurrency}),
    do: Enum.sum(call.holds) > 0.5 * call.elapsed_ms * min(schedulers, concurrency)

  defp dirty_taken(%{call: call, elixir: elixir} = report, kind, schedulers) do
    utilisation = Map.fetch!(call.utilisation, kind)
    %{mean: queue} = Map.fetch!(call.run_queues, kind)
    %{mean: queue_without} = Map.fetch!(elixir.run_queues, kind)

    if utilisation >= @busy and queue - queue_without >= @clear_queue do
      name = if kind == :dirty_cpu, do: "dirty CPU", else: "dirty I/O"

      reason(
        if(kind == :dirty_cpu, do: :dirty_cpu_taken, else: :dirty_io_taken),
        "#{callers(report)} keep the #{schedulers} #{name} schedulers #{round(100 * utilisation)} % busy, and " <>
          "#{Float.round(queue * 1.0, 1)} more calls queue for one on average, with everybody else who needs one",
        "Admit fewer at a time (the kit's dirty functions take one scheduler fewer than there are), or make it an async fn, which needs none"
      )
    end
  end

  defp slow_neighbours(%{idle: idle, elixir: elixir, call: call} = report) do
    # A machine that became slow in between shows it in what comes next.
    quiet = Enum.zip_with(idle.p99_us_by_round, elixir.p99_us_by_round, &max/2)
    beside = Enum.zip_with(quiet, Enum.drop(quiet, 1) ++ Enum.take(quiet, -1), &max/2)
    ratios = Enum.zip_with(call.p99_us_by_round, beside, &(&1 / max(&2, 1)))
    p99_us = median(call.p99_us_by_round)

    if p99_us > @floor_us and median(ratios) > report.max_p99_ratio and
         stand_out?(call.p99_us_by_round, median(beside)) do
      reason(
        :slow_neighbours,
        "beside #{callers(report)} one answer in a hundred took #{Units.time(p99_us)} or more, beside Elixir " <>
          "#{Units.time(median(elixir.p99_us_by_round))}; no single call holds a scheduler for more than #{report.max_hold_ms} ms",
        slow_advice(report)
      )
    end
  end

  # The longer others wait without the calls, the more it depends on chance whether they wait for longer still: beside 1 ms it takes 2 in
  # every round, beside 10 ms 110.
  defp stand_out?(p99_us_by_round, beside_us),
    do: Enum.min(p99_us_by_round) > beside_us * (1 + beside_us / @floor_us)

  defp slow_advice(%{call: call} = report) do
    cond do
      mostly_hold?(report.single) ->
        @hold_advice

      call.utilisation.dirty_cpu > @some_busy or call.utilisation.dirty_io > @some_busy ->
        "Dirty threads take the processors away from the schedulers: let fewer calls run at a time, or make it an async fn, which yields"

      mostly_held?(report) ->
        "Calls in a row held a scheduler for up to #{Units.time(call.longest_hold_ms * 1_000)}, as each is charged less than it takes: " <>
          "do more in one call of an async fn, or have the callers give way between calls (:erlang.yield/0)"

      true ->
        "Look for threads of its own, or for large results: let fewer calls run at a time, or give their callers a low priority"
    end
  end

  # Not for too long, where more is allowed than the VM reports, and yet others wait for it.
  defp mostly_hold?(single) do
    2 * length(held(single, @least_hold_ms)) > single.calls and
      believed?(single, @least_hold_ms)
  end

  defp reason(kind, message, advice), do: %{kind: kind, message: message, advice: advice}

  defp callers(%{concurrency: 1}), do: "1 caller"
  defp callers(%{concurrency: concurrency}), do: "#{concurrency} callers"

  @doc false
  @spec place(mfa | nil) :: String.t()
  def place(nil), do: ""

  def place({module, name, arity}),
    do: ", at #{Exception.format_mfa(module, name, arity)} as the VM says"

  @doc false
  @spec median([number, ...]) :: number
  def median(numbers) do
    sorted = Enum.sort(numbers)
    Enum.at(sorted, div(length(sorted), 2))
  end
end
