defmodule Cantilever.Responsiveness.CommandLine do
  @moduledoc false
  # What was asked of `mix cantilever.doctor`: one schema that reads the arguments and documents them.

  @enforce_keys [:expression]
  defstruct [:expression, before: "", html: nil, measure: []]

  @type t :: %__MODULE__{
          expression: String.t(),
          before: String.t(),
          html: Path.t() | nil,
          measure: keyword
        }

  @defaults struct(Cantilever.Responsiveness.Options)

  @schema [
    before: [
      type: :string,
      value: "CODE",
      doc:
        "is evaluated once, and its variables can be used in EXPR: what it does is not measured"
    ],
    concurrency: [
      type: :integer,
      value: "N",
      least: 1,
      doc: "how many processes call at the same time; default: twice the schedulers online"
    ],
    duration: [
      type: :integer,
      value: "MS",
      least: 1,
      doc: "how long each part of a round takes, in milliseconds; default: #{@defaults.duration}"
    ],
    rounds: [
      type: :integer,
      value: "N",
      least: 1,
      doc: "how often to measure all parts; default: #{@defaults.rounds}"
    ],
    max_hold: [
      type: :integer,
      value: "MS",
      least: 1,
      doc:
        "for how long a call may hold a scheduler, in milliseconds; default: #{@defaults.max_hold_ms}"
    ],
    max_p99_ratio: [
      type: :float,
      value: "R",
      least: 1,
      doc:
        "how many times as long as beside pure Elixir others may wait beside the call, at the " <>
          "99th percentile; default: #{@defaults.max_p99_ratio}"
    ],
    html: [
      type: :string,
      value: "FILE",
      doc: "also writes a page with a plot of the waiting times"
    ]
  ]

  # By the names that `Cantilever.Responsiveness.measure/2` has for them.
  @measured %{
    concurrency: :concurrency,
    duration: :duration,
    rounds: :rounds,
    max_hold: :max_hold_ms,
    max_p99_ratio: :max_p99_ratio
  }

  @doc "The options as a Markdown list."
  @spec docs() :: String.t()
  def docs do
    Enum.map_join(@schema, "\n", fn {key, entry} ->
      "  * `#{switch(key)} #{entry[:value]}` - #{entry[:doc]}"
    end)
  end

  @doc "The one line that says how the command is written."
  @spec usage() :: String.t()
  def usage do
    options =
      Enum.map_join(@schema, " ", fn {key, entry} -> "[#{switch(key)} #{entry[:value]}]" end)

    "mix cantilever.doctor EXPR #{options}"
  end

  @doc "Reads the arguments; the error is a sentence that names the wrong one."
  @spec parse([String.t()]) :: {:ok, t} | {:error, String.t()}
  def parse(argv) do
    strict = for {key, entry} <- @schema, do: {key, entry[:type]}

    with {options, words, []} <- OptionParser.parse(argv, strict: strict),
         {:ok, expression} <- expression(words),
         nil <- Enum.find_value(options, &fault/1) do
      {:ok,
       struct!(
         %__MODULE__{
           expression: expression,
           measure: for({key, value} <- options, name = @measured[key], do: {name, value})
         },
         Keyword.take(options, [:before, :html])
       )}
    else
      {_options, _words, [{switch, value} | _others]} -> {:error, unreadable(switch, value)}
      {:error, message} -> {:error, message}
      message when is_binary(message) -> {:error, message}
    end
  end

  defp expression([expression]), do: {:ok, expression}
  defp expression([]), do: {:error, "EXPR is missing; usage: #{usage()}"}

  defp expression(words) do
    {:error,
     "one EXPR is wanted, got #{length(words)}: #{Enum.map_join(words, ", ", &inspect/1)}; put it into quotes, as in " <>
       ~s(mix cantilever.doctor "MyApp.Native.sum\(1, 2\)")}
  end

  defp fault({:html, ""}), do: "--html is empty, but must name a file"

  defp fault({key, value}) do
    least = @schema[key][:least]
    if least && value < least, do: "#{switch(key)} is #{value}, but must be #{least} or more"
  end

  defp unreadable(switch, value) do
    case Enum.find(@schema, fn {key, _entry} -> switch(key) == switch end) do
      nil -> "unknown option #{switch}; usage: #{usage()}"
      {_key, entry} when value == nil -> "#{switch} needs a value: #{switch} #{entry[:value]}"
      {_key, entry} -> "#{switch} cannot be #{inspect(value)}, but must be #{shape(entry[:type])}"
    end
  end

  defp shape(:integer), do: "a whole number"
  defp shape(:float), do: "a number"

  defp switch(key), do: "--" <> String.replace(Atom.to_string(key), "_", "-")
end
