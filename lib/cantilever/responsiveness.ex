defmodule Cantilever.Responsiveness do
  @moduledoc """
  Measures whether a function keeps the node responsive.

      report = Cantilever.Responsiveness.measure(fn -> MyApp.Native.thumbnail(picture, 200) end)
      report.verdict.status
      #=> :fails
      for reason <- report.verdict.reasons, do: IO.puts([reason.message, ". ", reason.advice])

  The node is looked at while it does nothing, while processes run an Elixir loop, and while as many processes call the
  function, in turns over several rounds, so that whatever slows the machine down hits all three. In each of them a
  `Cantilever.Responsiveness.Probe` measures how long other processes wait, the VM reports who holds a scheduler, and the
  queues before the schedulers are watched. `Cantilever.Responsiveness.Verdict` judges what was seen, and
  `Cantilever.Responsiveness.Case` guards a function in the tests of a project.

  A call that does not end is waited for, unless the option `:timeout` says for how long; native code that holds all the
  schedulers holds up the measurement too, and whatever would end it. Whatever a measurement starts ends with it or soon
  after, also when it fails or when the measuring process is killed.
  """

  alias Cantilever.Responsiveness.{
    Callers,
    ElixirLoad,
    Options,
    Phase,
    Report,
    Runner,
    Sample,
    Singles,
    Verdict
  }

  # Single calls take this part of the duration in each round, and are this many in all at least.
  @singles_part 2
  @fewest_singles 6
  # Where they leave it open whether they hold a scheduler, they go on for up to so many times as long.
  @patience 4

  @phases [:idle, :elixir, :call]

  @doc """
  Measures `fun`, a function without arguments that is called over and over again, and judges it.

  It takes about the duration times three and a half in each round, eleven seconds by default; longer where one call takes
  longer than that, and where a noisy machine leaves it open whether calls hold a scheduler. An error in `fun` ends the
  measurement with this error.

  Options:

  #{Options.docs(:measure)}
  """
  @spec measure((() -> any), keyword) :: Report.t()
  def measure(fun, options \\ []) do
    check!(fun, "measure/2", is_function(fun, 0), "a function without arguments")
    options = Options.new!(options, :measure)
    began = System.monotonic_time(:millisecond)
    us = call_us(fun, options, fn -> report_progress(options, began, 1, :call) end)
    elixir = ElixirLoad.lasting(max(us, 1))
    # The loop ends by itself.
    elixir_options = %{options | timeout: :infinity}

    rounds =
      for round <- 1..options.rounds do
        progress = &report_progress(options, began, round, &1)

        idle = phase(nil, options, fn -> progress.(:idle) end)
        elixir = phase(elixir, elixir_options, fn -> progress.(:elixir) end)
        call = phase(fun, options, fn -> progress.(:call) end)
        single = singles(fun, options, fn -> progress.(:call) end)
        %{idle: idle, elixir: elixir, call: call, single: single}
      end

    report = report(rounds, options)
    %{report | verdict: Verdict.judge(report)}
  end

  @doc """
  Looks at the node while callers call `fun`, or with nil while it does nothing, without judging.

      iex> Cantilever.Responsiveness.sample(fn -> Enum.sum(1..1_000) end, duration: 20, concurrency: 3).calls_by_caller |> length()
      3

  Options:

  #{Options.docs(:sample)}
  """
  @spec sample((() -> any) | nil, keyword) :: Sample.t()
  def sample(fun, options \\ []) do
    check!(
      fun,
      "sample/2",
      fun == nil or is_function(fun, 0),
      "nil or a function without arguments"
    )

    phase(fun, Options.new!(options, :sample), fn -> :ok end)
  end

  # The first call may load code or fill a cache, as none after it does.
  defp call_us(fun, %{timeout: timeout}, progress) do
    once = &Callers.once(&1, fun, timeout)
    Runner.run(&min(once.(&1), once.(&1)), progress)
  end

  defp phase(fun, options, progress) do
    _ = progress.()
    Runner.run(&Phase.run(&1, fun, options), progress)
  end

  defp singles(fun, options, progress) do
    fewest = max(2, ceil(@fewest_singles / options.rounds))
    part_ms = div(options.duration, @singles_part)
    began = System.monotonic_time(:millisecond)

    enough? = fn singles ->
      elapsed_ms = System.monotonic_time(:millisecond) - began

      singles.calls >= fewest and elapsed_ms >= part_ms and
        (elapsed_ms >= @patience * part_ms or not Verdict.undecided?(singles, options.max_hold_ms))
    end

    _ = progress.()
    Runner.run(&Singles.run(&1, fun, enough?, options.timeout), progress)
  end

  defp report(rounds, options) do
    samples =
      for phase <- @phases,
          do: {phase, rounds |> Enum.map(&Map.fetch!(&1, phase)) |> Sample.merge()}

    struct!(
      %Report{
        single: rounds |> Enum.map(& &1.single) |> Singles.merge(),
        concurrency: options.concurrency,
        duration_ms: options.duration,
        rounds: options.rounds,
        max_hold_ms: options.max_hold_ms,
        max_p99_ratio: options.max_p99_ratio,
        schedulers: System.schedulers_online(),
        dirty_cpu_schedulers: :erlang.system_info(:dirty_cpu_schedulers_online),
        dirty_io_schedulers: :erlang.system_info(:dirty_io_schedulers)
      },
      samples
    )
  end

  # How long slow calls will take is not known beforehand, so the total is moved on once it is reached.
  defp report_progress(%{on_progress: nil}, _began, _round, _phase), do: :ok

  defp report_progress(options, began, round, phase) do
    elapsed_ms = System.monotonic_time(:millisecond) - began
    one_round_ms = options.duration * length(@phases) + div(options.duration, @singles_part)

    options.on_progress.(%{
      phase: phase,
      round: round,
      rounds: options.rounds,
      elapsed_ms: elapsed_ms,
      total_ms: max(options.rounds * one_round_ms, elapsed_ms)
    })
  end

  defp check!(fun, name, valid?, shape) do
    unless valid? do
      raise ArgumentError,
            "the first argument of Cantilever.Responsiveness.#{name} must be #{shape}, got: #{inspect(fun)}"
    end
  end
end
