defmodule Cantilever.Responsiveness.CommandLine do
  @moduledoc false
  # What was asked of `mix cantilever.doctor`. The switches that a measurement has too are its options: these say what they mean, what
  # they may be and what they are by default.

  alias Cantilever.Responsiveness.Options

  @enforce_keys [:expression]
  defstruct [:expression, before: "", html: nil, measure: []]

  @type t :: %__MODULE__{
          expression: String.t(),
          before: String.t(),
          html: Path.t() | nil,
          measure: keyword
        }

  # `option` is the name that `Cantilever.Responsiveness.measure/2` has for it.
  @schema [
    before: %{
      type: :string,
      value: "CODE",
      doc:
        "is evaluated once, and its variables can be used in EXPR: what it does is not measured"
    },
    concurrency: %{type: :integer, value: "N", option: :concurrency},
    duration: %{type: :integer, value: "MS", option: :duration},
    rounds: %{type: :integer, value: "N", option: :rounds},
    max_hold: %{type: :integer, value: "MS", option: :max_hold_ms},
    max_p99_ratio: %{type: :float, value: "R", option: :max_p99_ratio},
    timeout: %{type: :integer, value: "MS", option: :timeout},
    html: %{
      type: :string,
      value: "FILE",
      doc: "also writes a page with a plot of the waiting times"
    }
  ]

  @doc "The options as a Markdown list."
  @spec docs() :: String.t()
  def docs do
    Enum.map_join(@schema, "\n", fn {key, entry} ->
      "  * `#{switch(key)} #{entry.value}` - #{doc(entry)}"
    end)
  end

  @doc "The one line that says how the command is written."
  @spec usage() :: String.t()
  def usage do
    options =
      Enum.map_join(@schema, " ", fn {key, entry} -> "[#{switch(key)} #{entry.value}]" end)

    "mix cantilever.doctor EXPR #{options}"
  end

  @doc "Reads the arguments; the error is a sentence that names the wrong one."
  @spec parse([String.t()]) :: {:ok, t} | {:error, String.t()}
  def parse(argv) do
    strict = for {key, entry} <- @schema, do: {key, entry.type}

    with {options, words, []} <- OptionParser.parse(argv, strict: strict),
         {:ok, expression} <- expression(words),
         nil <- Enum.find_value(options, &fault/1) do
      {:ok,
       struct!(
         %__MODULE__{
           expression: expression,
           measure:
             for(
               {key, value} <- options,
               %{option: option} <- [@schema[key]],
               do: {option, value}
             )
         },
         Keyword.take(options, [:before, :html])
       )}
    else
      {_options, _words, [{switch, value} | _others]} -> {:error, unreadable(switch, value)}
      {:error, message} -> {:error, message}
      message when is_binary(message) -> {:error, message}
    end
  end

  defp doc(%{option: option}),
    do:
      "#{Options.doc(option)}: #{Options.shape(option, :words)}; default: `#{Options.default(option)}`"

  defp doc(%{doc: doc}), do: doc

  defp expression([expression]), do: {:ok, expression}
  defp expression([]), do: {:error, "EXPR is missing; usage: #{usage()}"}

  defp expression(words) do
    {:error,
     "one EXPR is wanted, got #{length(words)}: #{Enum.map_join(words, ", ", &inspect/1)}; put it into quotes, as in " <>
       ~s(mix cantilever.doctor "MyApp.Native.sum\(1, 2\)")}
  end

  defp fault({:html, ""}), do: "--html is empty, but must name a file"

  defp fault({key, value}) do
    with %{option: option} <- @schema[key],
         false <- Options.valid?(option, value) do
      "#{switch(key)} cannot be #{value}, but must be #{Options.shape(option, :words)}"
    else
      _right -> nil
    end
  end

  defp unreadable(switch, value) do
    case Enum.find(@schema, fn {key, _entry} -> switch(key) == switch end) do
      nil ->
        "unknown option #{switch}; usage: #{usage()}"

      {_key, entry} when value == nil ->
        "#{switch} needs a value: #{switch} #{entry.value}"

      # Any text can be read as a string.
      {_key, %{option: option}} ->
        "#{switch} cannot be #{inspect(value)}, but must be #{Options.shape(option, :words)}"
    end
  end

  defp switch(key), do: "--" <> String.replace(Atom.to_string(key), "_", "-")
end
