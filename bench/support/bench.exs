Code.require_file("json.exs", __DIR__)
Code.require_file("machine.exs", __DIR__)

defmodule Cantilever.Bench do
  @moduledoc """
  What the scripts in `bench/` share: options, rounds, records, output.

      Code.require_file("support/bench.exs", __DIR__)
      alias Cantilever.Bench

      Bench.main("sort", fn options ->
        samples =
          Bench.rounds(
            [ours: fn -> Bench.ns_per_call(1_000, &ours/1) end, theirs: fn -> Bench.ns_per_call(1_000, &theirs/1) end],
            if(options.quick, do: 5, else: 25)
          )

        ratio = Bench.ratio(samples.ours, samples.theirs)
        {[Bench.result("ours", samples.ours, "ns/call"), Bench.result("theirs", samples.theirs, "ns/call")],
         [Bench.goal("ours to theirs", ratio, "<=", 1.0)]}
      end)

  `bin/bench` runs such a script with `--quick`, `--json FILE` and `--strict` as it got them. With `--strict` a script
  that missed a goal ends with status 3.
  """

  @type sample :: number
  @type result :: %{
          name: String.t(),
          value: number,
          unit: String.t(),
          runs: pos_integer,
          min: number,
          max: number
        }
  @type goal :: %{name: String.t(), value: number, goal: String.t(), met: boolean}
  @type options :: %{
          :quick => boolean,
          :strict => boolean,
          :json => Path.t() | nil,
          optional(atom) => term
        }

  @usage "usage: mix run bench/NAME.exs [--quick] [--json FILE] [--strict]"

  @doc """
  Runs the bench `name`: `measure` gets the options and gives its results and its goals.

  `show` makes what the terminal shows of them, by default `table/1`; `more` are switches of this bench alone, as
  `options/2` takes them.
  """
  @spec main(String.t(), (options -> {[result], [goal]}), (map -> iodata), keyword(atom)) :: :ok
  def main(name, measure, show \\ &table/1, more \\ []) do
    options = options(System.argv(), more)
    {results, goals} = measure.(options)

    bench = %{
      bench: name,
      machine: Cantilever.Bench.Machine.describe(),
      results: results,
      goals: goals
    }

    IO.write(show.(bench))
    if options.json, do: File.write!(options.json, [encode(bench), ?\n])
    if options.strict and not Enum.all?(goals, & &1.met), do: System.halt(3)
    :ok
  end

  @doc """
  Reads the command line; raises `ArgumentError` on what it does not know.

  `more` are switches of one bench alone, as `OptionParser` takes them. They are in the result only if they were given.
  """
  @spec options([String.t()], keyword(atom)) :: options
  def options(argv, more \\ []) do
    switches = [quick: :boolean, json: :string, strict: :boolean] ++ more

    case OptionParser.parse(argv, strict: switches) do
      {given, [], []} ->
        Map.merge(%{quick: false, strict: false, json: nil}, Map.new(given))

      {_given, words, invalid} ->
        unknown = Enum.join(words ++ Enum.map(invalid, &elem(&1, 0)), " ")
        raise ArgumentError, "unknown or incomplete option: #{unknown}\n#{@usage}"
    end
  end

  @doc """
  Takes `count` samples of each of `measurements`, one after the other in each round, so that whatever slows the
  machine down for a while slows all of them. One more round before these warms up and is thrown away, except with
  `warm_up: false`.

  Every second round goes backwards: what a measurement leaves behind (a clock rate, a cache) must not always hit the
  same neighbour.
  """
  @spec rounds([{name, (() -> sample)}], pos_integer, warm_up: boolean) :: %{
          name => [sample, ...]
        }
        when name: term, sample: term
  def rounds(measurements, count, options \\ []) do
    if Keyword.get(options, :warm_up, true) do
      Enum.each(measurements, fn {_name, measure} -> measure.() end)
    end

    1..count
    |> Enum.flat_map(fn round ->
      ordered = if rem(round, 2) == 0, do: Enum.reverse(measurements), else: measurements
      Enum.map(ordered, fn {name, measure} -> {name, measure.()} end)
    end)
    |> Enum.group_by(&elem(&1, 0), &elem(&1, 1))
  end

  @doc "Runs `loop.(count)` and gives the nanoseconds for each of the `count`."
  @spec ns_per_call(pos_integer, (pos_integer -> term)) :: float
  def ns_per_call(count, loop) do
    started = System.monotonic_time(:nanosecond)
    loop.(count)
    (System.monotonic_time(:nanosecond) - started) / count
  end

  @doc "The record of one measurement: the median of its samples, how many they were, and their bounds."
  @spec result(String.t(), [sample, ...], String.t()) :: result
  def result(name, samples, unit) do
    {min, max} = Enum.min_max(samples)

    %{
      name: name,
      value: tidy(median(samples)),
      unit: unit,
      runs: length(samples),
      min: tidy(min),
      max: tidy(max)
    }
  end

  @doc "The record of one goal: whether `value` is on the wanted side of `limit`."
  @spec goal(String.t(), number, String.t(), number) :: goal
  def goal(name, value, "<=", limit), do: goal_record(name, value, "<=", limit, value <= limit)
  def goal(name, value, ">=", limit), do: goal_record(name, value, ">=", limit, value >= limit)

  defp goal_record(name, value, side, limit, met?) do
    %{name: name, value: tidy(value), goal: "#{side} #{limit}", met: met?}
  end

  @doc """
  How many times as much the samples `a` are as the samples `b`: the median of the rounds' own ratios, in which a slow
  round cancels out.
  """
  @spec ratio([sample, ...], [sample, ...]) :: float
  def ratio(a, b), do: a |> Enum.zip_with(b, &(&1 / &2)) |> median()

  @doc "The median, of an even number of samples the mean of the middle two."
  @spec median([sample, ...]) :: number
  def median(samples) do
    sorted = Enum.sort(samples)
    count = length(sorted)
    middle = Enum.at(sorted, div(count, 2))
    if rem(count, 2) == 1, do: middle, else: (Enum.at(sorted, div(count, 2) - 1) + middle) / 2
  end

  @doc """
  The least of the samples that is not exceeded by `share` of them: with 1.0 the largest.

      iex> Cantilever.Bench.quantile([4, 1, 3, 2], 0.5)
      2
  """
  @spec quantile([sample, ...], float) :: sample
  def quantile(samples, share) do
    sorted = Enum.sort(samples)
    Enum.at(sorted, max(ceil(share * length(sorted)) - 1, 0))
  end

  @doc "A bench as JSON text."
  @spec encode(map) :: iodata
  def encode(bench) do
    record = fn fields ->
      &Cantilever.Bench.JSON.object(Enum.map(fields, fn key -> {key, Map.fetch!(&1, key)} end))
    end

    Cantilever.Bench.JSON.encode(
      Cantilever.Bench.JSON.object(
        bench: bench.bench,
        machine: bench.machine,
        results: Enum.map(bench.results, record.([:name, :value, :unit, :runs, :min, :max])),
        goals: Enum.map(bench.goals, record.([:name, :value, :goal, :met]))
      )
    )
  end

  @doc "A bench as a table for the terminal."
  @spec table(map) :: iodata
  def table(bench) do
    machine = Enum.map_join(bench.machine, ", ", fn {key, value} -> "#{key} #{value}" end)

    results =
      for result <- bench.results do
        [
          result.name,
          number(result.value),
          result.unit,
          number(result.min),
          number(result.max),
          "#{result.runs}"
        ]
      end

    [
      [machine, ?\n],
      grid([["", "median", "unit", "min", "max", "runs"] | results]),
      if(bench.goals == [], do: [], else: [?\n, goals_table(bench)])
    ]
  end

  @doc "The goals of a bench alone, as a table for the terminal."
  @spec goals_table(map) :: iodata
  def goals_table(bench) do
    rows =
      for goal <- bench.goals do
        [
          goal.name,
          number(goal.value),
          to_string(goal.goal),
          if(goal.met, do: "met", else: "NOT MET")
        ]
      end

    grid([["goal", "value", "wanted", ""] | rows])
  end

  @doc "Rows of cells as a table for the terminal, its columns as wide as they need to be: text first, then figures."
  @spec grid([[String.t()]]) :: iodata
  def grid(rows) do
    widths =
      rows
      |> Enum.zip_with(& &1)
      |> Enum.map(fn column -> column |> Enum.map(&String.length/1) |> Enum.max() end)

    for row <- rows do
      [name | cells] = Enum.zip(row, widths)
      [pad(:trailing, name), Enum.map(cells, &["  ", pad(:leading, &1)]), ?\n]
    end
  end

  defp pad(:trailing, {text, width}), do: String.pad_trailing(text, width)
  defp pad(:leading, {text, width}), do: String.pad_leading(text, width)

  @doc """
  A number as the tables show it.

      iex> Enum.map([1_234_567, 0.25], &Cantilever.Bench.number/1)
      ["1 234 567", "0.25"]
  """
  @spec number(number) :: String.t()
  def number(value) when is_integer(value) do
    value |> Integer.to_string() |> String.replace(~r/(?<=\d)(?=(\d{3})+$)/, " ")
  end

  def number(value) when is_float(value), do: Float.to_string(value)

  # Four significant digits: more would be noise, and fewer would hide what a goal turns on.
  defp tidy(value) when is_integer(value), do: value
  defp tidy(value) when abs(value) >= 1_000, do: round(value)
  defp tidy(value) when abs(value) >= 100, do: Float.round(value, 1)
  defp tidy(value) when abs(value) >= 10, do: Float.round(value, 2)
  defp tidy(value), do: Float.round(value, 3)
end
