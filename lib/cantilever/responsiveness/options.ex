defmodule Cantilever.Responsiveness.Options do
  @moduledoc false
  # The options of a measurement: one schema, from which the defaults, what is valid and the documentation follow, for everything that
  # measures and for the command line. What passes here is a struct that nobody checks again.

  @hour_ms 3_600_000
  @day_ms 24 * @hour_ms

  # What is valid has the type and lies within `least` and `most`, or is the value `besides`. More than `most` would fail only when it is
  # measured, and not say why: the VM may have neither so many processes nor timers that are so long.
  @schema [
    concurrency: %{
      type: :integer,
      least: 1,
      most: 10_000,
      default: {:per_scheduler, 2},
      doc: "how many processes call the function at the same time"
    },
    duration: %{
      type: :milliseconds,
      least: 1,
      most: @hour_ms,
      default: 1_000,
      doc:
        "how long to look each time; every caller makes one call at least, however long that takes"
    },
    priority: %{
      type: {:one_of, [:normal, :low]},
      default: :normal,
      doc: "the priority of the callers"
    },
    rounds: %{
      type: :integer,
      least: 1,
      default: 3,
      doc: "how often to look at each: idle, Elixir and the calls, and again"
    },
    max_hold_ms: %{
      type: :milliseconds,
      least: 1,
      default: 1,
      doc: "for how long a call may hold a normal scheduler"
    },
    max_p99_ratio: %{
      type: :number,
      least: 1,
      default: 3.0,
      doc:
        "how many times as long as beside Elixir the slowest hundredth of answers may take beside the calls"
    },
    timeout: %{
      type: :milliseconds,
      least: 1,
      most: @day_ms,
      besides: :infinity,
      default: :infinity,
      doc: "how long to wait for the end of a call before the measurement is given up"
    },
    on_progress: %{
      type: {:function, 1},
      besides: nil,
      default: nil,
      doc:
        "called in the measuring process, about ten times a second, with a map of `:phase` (`:idle`, `:elixir` or `:call`), `:round`, " <>
          "`:rounds`, `:elapsed_ms` and `:total_ms`"
    },
    runs: %{
      type: :integer,
      least: 5,
      default: 5,
      doc:
        "how many calls in a row have to hold one before it is believed; more on a noisy machine"
    }
  ]

  # What an option is if it is not given may depend on the machine.
  @enforce_keys for {key, %{default: {:per_scheduler, _count}}} <- @schema, do: key
  defstruct for {key, %{default: default}} <- @schema, do: {key, default}

  @type t :: %__MODULE__{
          concurrency: pos_integer,
          duration: pos_integer,
          priority: :normal | :low,
          rounds: pos_integer,
          max_hold_ms: pos_integer,
          max_p99_ratio: number,
          timeout: timeout,
          on_progress: nil | (map -> any),
          runs: pos_integer
        }

  @keys %{
    measure:
      ~w(concurrency duration priority rounds max_hold_ms max_p99_ratio timeout on_progress)a,
    sample: ~w(concurrency duration priority timeout)a,
    assert: ~w(max_hold_ms runs)a
  }

  @typedoc "What the options are for: `measure/2`, `sample/2` or `assert_responsive/2`."
  @type purpose :: :measure | :sample | :assert

  @doc "The options as a Markdown list."
  @spec docs(purpose) :: String.t()
  def docs(what) do
    Enum.map_join(Map.fetch!(@keys, what), "\n", fn key ->
      "  * `:#{key}` - #{doc(key)}. #{String.capitalize(shape(key, :elixir))}; default `#{default(key)}`."
    end)
  end

  @doc "What the option is, in a clause."
  @spec doc(atom) :: String.t()
  def doc(key), do: entry(key).doc

  @doc "What it must be, in a clause: `:elixir` code can say more than the `:words` of a command."
  @spec shape(atom, :elixir | :words) :: String.t()
  def shape(key, where) do
    entry = entry(key)
    besides = if where == :elixir, do: besides(entry), else: []
    Enum.join([type(entry.type) | bounds(entry)] ++ besides, ", ")
  end

  @doc "What it is if it is not given, as code."
  @spec default(atom) :: String.t()
  def default(key) do
    case entry(key).default do
      {:per_scheduler, count} -> "#{count} * System.schedulers_online()"
      value -> inspect(value)
    end
  end

  @doc "Whether it may be `value`."
  @spec valid?(atom, term) :: boolean
  def valid?(key, value), do: valid_entry?(entry(key), value)

  @doc "Reads the options, or raises `ArgumentError` that names the wrong one."
  @spec new!(keyword, purpose) :: t
  def new!(options, what) do
    shapes = for key <- Map.fetch!(@keys, what), do: {key, fn -> shape(key, :elixir) end}
    Cantilever.Options.check!(options, shapes, "a measurement", &valid?/2)
    defaults = for {key, %{default: default}} <- @schema, do: {key, default_value(default)}
    struct!(__MODULE__, Keyword.merge(defaults, options))
  end

  defp entry(key), do: Keyword.fetch!(@schema, key)

  defp default_value({:per_scheduler, count}), do: count * System.schedulers_online()
  defp default_value(value), do: value

  defp valid_entry?(%{besides: value}, value), do: true

  defp valid_entry?(%{type: type} = entry, value),
    do: type?(type, value) and in_bounds?(entry, value)

  defp type?(:number, value), do: is_number(value)
  defp type?({:one_of, values}, value), do: value in values
  defp type?({:function, arity}, value), do: is_function(value, arity)
  defp type?(_integer_or_milliseconds, value), do: is_integer(value)

  # Any number is less than an atom, so what has no end has `:infinity`.
  defp in_bounds?(%{least: least} = entry, value),
    do: value >= least and value <= Map.get(entry, :most, :infinity)

  defp in_bounds?(_no_number, _value), do: true

  defp type(:integer), do: "an integer"
  defp type(:milliseconds), do: "an integer of milliseconds"
  defp type(:number), do: "a number"
  defp type({:one_of, values}), do: Enum.map_join(values, " or ", &inspect/1)
  defp type({:function, 1}), do: "a function of one argument"

  defp bounds(%{least: least, most: most}), do: ["from #{least} to #{most}"]
  defp bounds(%{least: least}), do: ["#{least} or more"]
  defp bounds(_no_number), do: []

  defp besides(%{besides: value}), do: ["or #{inspect(value)}"]
  defp besides(_nothing), do: []
end
