defmodule Cantilever.Responsiveness.Case do
  @moduledoc """
  Guards a function in tests: it must not hold a scheduler.

      defmodule MyApp.NativeTest do
        use ExUnit.Case, async: true
        use Cantilever.Responsiveness.Case

        test "a thumbnail keeps the node responsive" do
          picture = File.read!("test/fixtures/large.jpg")
          assert_responsive(fn -> MyApp.Native.thumbnail(picture, 200) end)
        end
      end

  It does not flicker on a busy machine, as it does not rely on how long anything takes, but on what the VM reports of
  processes that ran for long without letting another one run. A hold is believed only if every single call shows one,
  and if Elixir loops of the same length beside them do not. What holds a scheduler only now and then is found by
  `Cantilever.Responsiveness.measure/2` and `mix cantilever.doctor`, which also tell what dirty functions do to others.

  The VM counts milliseconds that have begun, so what holds a scheduler for less than a millisecond more than is allowed
  may pass.
  """

  alias Cantilever.Responsiveness.{Options, Runner, Singles, Verdict}
  alias Cantilever.Units

  @typedoc "What `check/2` found: the hold that half of the calls exceed, in milliseconds, and what to say about it."
  @type hold :: %{
          hold_ms: float,
          calls: pos_integer,
          place: mfa | nil,
          message: String.t(),
          advice: String.t()
        }

  # Where every call shows a hold but Elixir does too, it may be noise: so many times as many calls decide.
  @patience 4

  defmacro __using__(_options) do
    quote do
      import Cantilever.Responsiveness.Case, only: [assert_responsive: 1, assert_responsive: 2]
    end
  end

  @doc """
  Asserts that `fun`, a function without arguments, does not hold a scheduler.

      assert_responsive(fn -> MyApp.Native.render(scene) end, max_hold_ms: 5)

  It is called in processes of its own, once if that call is good, and several times if it is not. An error in it is an
  error of the test.

  Options:

  #{Options.docs(:assert)}
  """
  defmacro assert_responsive(fun, options \\ []) do
    code = Macro.to_string(fun)

    quote do
      case Cantilever.Responsiveness.Case.check(unquote(fun), unquote(options)) do
        :ok ->
          true

        {:holds, hold} ->
          raise ExUnit.AssertionError,
            message:
              "expected the node to stay responsive beside\n\n    #{unquote(code)}\n\n" <>
                "but #{hold.message}.\n#{hold.advice}."
      end
    end
  end

  @doc """
  What `assert_responsive/2` relies on, with the same options: tells of a hold instead of raising.

      iex> Cantilever.Responsiveness.Case.check(fn -> Enum.sum(1..10_000) end)
      :ok
  """
  @spec check((() -> any), keyword) :: :ok | {:holds, hold}
  def check(fun, options \\ []) do
    unless is_function(fun, 0) do
      raise ArgumentError,
            "what is to be responsive must be a function without arguments, got: #{inspect(fun)}"
    end

    options = Options.new!(options, :assert)
    singles = Runner.run(&Singles.run(&1, fun, fn seen -> decided?(seen, options) end))

    if reported_always?(singles, options) and believed?(singles, options),
      do: {:holds, hold(singles, options)},
      else: :ok
  end

  # What the VM reports may be noise. What it does not report, did not happen.
  defp decided?(singles, options) do
    not reported_always?(singles, options) or
      (singles.calls >= options.runs and believed?(singles, options)) or
      singles.calls >= @patience * options.runs
  end

  defp reported_always?(%{holds: holds, calls: calls}, options),
    do: Enum.count(holds, &(&1.reported_ms > options.max_hold_ms)) == calls

  defp believed?(singles, options), do: Verdict.believed?(singles, options.max_hold_ms)

  defp hold(singles, options) do
    hold_ms = singles |> Verdict.held(options.max_hold_ms) |> Verdict.median()

    %{
      hold_ms: hold_ms,
      calls: singles.calls,
      place: singles.place,
      message:
        "a call holds a scheduler for #{Units.time(hold_ms * 1_000)}, where #{options.max_hold_ms} ms " <>
          "is allowed (all of #{singles.calls} calls did#{Verdict.place(singles.place)})",
      advice: Verdict.hold_advice()
    }
  end
end
