defmodule Cantilever.Responsiveness.Singles do
  @moduledoc """
  What single calls of a function did: one at a time, each in a process of its own, with nothing beside them.

      singles = Cantilever.Responsiveness.measure(&MyApp.Native.render/0).single
      {singles.calls, singles.holds}
      #=> {71, [%{call_ms: 22.0, elixir_ms: 0.0, reported_ms: 22}, …]}

  This is how a hold can be laid at a call's door: callers that call in a loop may be reported once for many calls.

  Each call that takes a millisecond or more is followed by an Elixir loop that takes as long. `holds` has an entry for
  each such call in which either of the two held its scheduler: for how many milliseconds the call did (`call_ms`), and
  for how many the loop did (`elixir_ms`). Elixir holds nothing, so what its loop seems to hold is the noise of the
  machine: an operating system that takes a processor away looks to the VM as a hold does. Where the system tells for how
  long it did so (Linux), it has been taken off; `reported_ms` is what the VM had reported of the call.

  `calls` counts all calls, `call_us` is how long the slowest of them took, in microseconds, and `place` is where a
  call stood that held its scheduler, if the VM said so of any.
  """

  alias Cantilever.Responsiveness.{ElixirLoad, Holds, LongSchedules, Runner, Stolen}

  defstruct calls: 0, call_us: 0, holds: [], place: nil

  @typedoc "For how many milliseconds a call held its scheduler, and an Elixir loop of its length."
  @type hold :: %{call_ms: float, elixir_ms: float, reported_ms: non_neg_integer}

  @typedoc "Counts and times of single calls. The module says what they mean."
  @type t :: %__MODULE__{
          calls: non_neg_integer,
          call_us: non_neg_integer,
          holds: [hold],
          place: mfa | nil
        }

  # Less cannot hold a scheduler for so long that the VM reports it.
  @slow_us 1_000
  @stale_ms 5
  @threshold_ms 1

  # Calls until `enough?`, which is given what was seen so far, and when at least one call has been made; none for longer than `timeout`.
  @doc false
  @spec run(Runner.t(), (() -> any), (t -> boolean), timeout) :: t
  def run(runner, fun, enough?, timeout \\ :infinity) do
    subscription = LongSchedules.subscribe(@threshold_ms)
    threads = Stolen.threads()

    state = %{
      runner: runner,
      fun: fun,
      timeout: timeout,
      subscription: subscription,
      threads: threads,
      looked: System.monotonic_time(),
      times: Stolen.times(threads)
    }

    singles = repeat(state, enough?, %__MODULE__{})
    LongSchedules.finish!(subscription)
    singles
  end

  @doc "What several rounds have seen, as one."
  @spec merge([t]) :: t
  def merge(rounds) do
    %__MODULE__{
      calls: rounds |> Enum.map(& &1.calls) |> Enum.sum(),
      call_us: rounds |> Enum.map(& &1.call_us) |> Enum.max(fn -> 0 end),
      holds: Enum.flat_map(rounds, & &1.holds),
      place: Enum.find_value(rounds, & &1.place)
    }
  end

  defp repeat(state, enough?, singles) do
    {state, singles} = call(state, singles)
    if enough?.(singles), do: singles, else: repeat(state, enough?, singles)
  end

  defp call(state, singles) do
    # What was reported before cannot be about this call.
    _ = Holds.received(state.subscription, MapSet.new())
    {us, call} = one(state.runner, state.fun, state.timeout)
    singles = %{singles | calls: singles.calls + 1, call_us: max(singles.call_us, us)}

    if us < @slow_us do
      {look(state, @stale_ms), singles}
    else
      {state, {call_ms, reported_ms, place}} = held(state, call)
      {_loop_us, loop} = one(state.runner, fn -> ElixirLoad.run_for(us) end, :infinity)
      {state, {elixir_ms, elixir_reported_ms, _place}} = held(state, loop)

      if reported_ms == 0 and elixir_reported_ms == 0 do
        {state, singles}
      else
        hold = %{call_ms: call_ms, elixir_ms: elixir_ms, reported_ms: reported_ms}
        {state, %{singles | holds: [hold | singles.holds], place: singles.place || place}}
      end
    end
  end

  # How long it took, and the scheduler if it was the same at both ends: then it most likely never was another one.
  defp one(runner, fun, timeout) do
    call = fn ->
      before = :erlang.system_info(:scheduler_id)
      {us, _result} = :timer.tc(fun)
      same = if :erlang.system_info(:scheduler_id) == before, do: before
      {us, {self(), same}}
    end

    Runner.call(runner, call, timeout)
  end

  # The second look is for the next call: the VM's reports may be long in coming.
  defp held(state, {pid, scheduler}) do
    times = Stolen.times(state.threads)
    window_ms = since_us(state.looked) / 1_000
    {ms, place} = longest(Holds.collect(state.subscription, MapSet.new([pid])))
    left_ms = Stolen.left_ms(ms, window_ms, state.times, times, scheduler)
    {look(state, 0), {left_ms, ms, place}}
  end

  defp longest([]), do: {0, nil}
  defp longest(holds), do: Enum.max_by(holds, fn {ms, _place} -> ms end)

  # Looking takes longer than a short call does, so for these it is only done now and then.
  defp look(state, stale_ms) do
    if since_us(state.looked) >= 1_000 * stale_ms,
      do: %{state | looked: System.monotonic_time(), times: Stolen.times(state.threads)},
      else: state
  end

  defp since_us(moment),
    do: System.convert_time_unit(System.monotonic_time() - moment, :native, :microsecond)
end
