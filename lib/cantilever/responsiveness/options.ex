defmodule Cantilever.Responsiveness.Options do
  @moduledoc false
  # The options of a measurement: one schema that validates, gives the defaults and writes the documentation, for everything that
  # measures. What passes here is a struct that nobody checks again.

  @enforce_keys [:concurrency]
  defstruct [
    :concurrency,
    duration: 1_000,
    priority: :normal,
    rounds: 3,
    max_p99_ratio: 3.0,
    on_progress: nil,
    max_hold_ms: 1,
    runs: 5
  ]

  @type t :: %__MODULE__{
          concurrency: pos_integer,
          duration: pos_integer,
          priority: :normal | :low,
          rounds: pos_integer,
          max_p99_ratio: number,
          on_progress: nil | (map -> any),
          max_hold_ms: pos_integer,
          runs: pos_integer
        }

  @positive "a positive integer"
  @milliseconds "a positive integer, in milliseconds"

  @schema [
    concurrency: [
      shape: @positive,
      default: "twice `System.schedulers_online()`",
      doc: "how many processes call the function at the same time"
    ],
    duration: [
      shape: @milliseconds,
      default: "`1000`",
      doc:
        "how long to look each time; every caller makes one call at least, however long that takes"
    ],
    priority: [
      shape: ":normal or :low",
      default: "`:normal`",
      doc: "the priority of the callers"
    ],
    rounds: [
      shape: @positive,
      default: "`3`",
      doc: "how often to look at each: idle, Elixir and the calls, and again"
    ],
    max_p99_ratio: [
      shape: "a number of at least 1",
      default: "`3.0`",
      doc:
        "how many times as long as beside Elixir the slowest hundredth of answers may take beside the calls"
    ],
    on_progress: [
      shape: "a function of one argument or nil",
      default: "`nil`",
      doc:
        "called in the measuring process, about ten times a second, with a map of `:phase` (`:idle`, `:elixir` or `:call`), `:round`, " <>
          "`:rounds`, `:elapsed_ms` and `:total_ms`"
    ],
    max_hold_ms: [
      shape: @milliseconds,
      default: "`1`",
      doc: "for how long a call may hold a normal scheduler"
    ],
    runs: [
      shape: "an integer of at least 5",
      default: "`5`",
      doc:
        "how many calls in a row have to hold one before it is believed; more on a noisy machine"
    ]
  ]

  @keys %{
    measure: ~w(concurrency duration priority rounds max_hold_ms max_p99_ratio on_progress)a,
    sample: ~w(concurrency duration priority)a,
    assert: ~w(max_hold_ms runs)a
  }

  @typedoc "What the options are for: `measure/2`, `sample/2` or `assert_responsive/2`."
  @type purpose :: :measure | :sample | :assert

  @doc "The options as a Markdown list."
  @spec docs(purpose) :: String.t()
  def docs(what) do
    Enum.map_join(Map.fetch!(@keys, what), "\n", fn key ->
      entry = @schema[key]

      "  * `:#{key}` - #{entry[:doc]}. #{String.capitalize(entry[:shape])}; default #{entry[:default]}."
    end)
  end

  @doc "Reads the options, or raises `ArgumentError` that names the wrong one."
  @spec new!(keyword, purpose) :: t
  def new!(options, what) do
    unless Keyword.keyword?(options) do
      raise ArgumentError,
            "the options of a measurement must be a keyword list, got: #{inspect(options)}"
    end

    Enum.each(options, &check!(&1, Map.fetch!(@keys, what)))
    struct!(%__MODULE__{concurrency: 2 * System.schedulers_online()}, options)
  end

  defp check!({key, value}, keys) do
    cond do
      key not in keys ->
        raise ArgumentError,
              "unknown option #{inspect(key)} for a measurement; the options are #{Enum.map_join(keys, ", ", &inspect/1)}"

      not valid?(key, value) ->
        raise ArgumentError,
              "the option #{inspect(key)} of a measurement must be #{@schema[key][:shape]}, got: #{inspect(value)}"

      true ->
        :ok
    end
  end

  defp valid?(:runs, value), do: is_integer(value) and value >= 5
  defp valid?(:priority, value), do: value in [:normal, :low]
  defp valid?(:max_p99_ratio, value), do: is_number(value) and value >= 1
  defp valid?(:on_progress, value), do: value == nil or is_function(value, 1)
  defp valid?(_count_or_ms, value), do: is_integer(value) and value > 0
end
