defmodule Cantilever.JSON.Tool.CommandLine do
  @moduledoc false
  # What was asked of `mix cantilever.json`.

  @enforce_keys [:files]
  defstruct [:files, :output, mode: :print, lines?: false, pretty: true]

  @type t :: %__MODULE__{
          files: [String.t(), ...],
          output: Path.t() | nil,
          mode: :print | :check | :time,
          lines?: boolean(),
          pretty: boolean()
        }

  @switches [
    check: :boolean,
    time: :boolean,
    lines: :boolean,
    compact: :boolean,
    output: :string
  ]

  @usage "mix cantilever.json FILE… [--check | --time] [--lines] [--compact] [--output FILE]; FILE is - for standard input"

  @doc "Reads the arguments; the error is a sentence that names the wrong one."
  @spec parse([String.t()]) :: {:ok, t()} | {:error, String.t()}
  def parse(argv) do
    # OptionParser takes it for a switch without a name.
    {argv, after_dashes} = Enum.split_while(argv, &(&1 != "--"))

    with {options, files, []} <-
           OptionParser.parse(argv, strict: @switches, aliases: [o: :output]),
         files = files ++ Enum.drop(after_dashes, 1),
         nil <- fault(Map.new(options), files) do
      {:ok,
       %__MODULE__{
         files: files,
         output: options[:output],
         mode: mode(Map.new(options)),
         lines?: options[:lines] || false,
         pretty: !options[:compact]
       }}
    else
      {_options, _files, [{switch, nil} | _]} when switch in ["--output", "-o"] ->
        {:error, "--output needs a value: --output FILE"}

      {_options, _files, [{switch, nil} | _]} ->
        {:error, "unknown option #{switch}; usage: #{@usage}"}

      {_options, _files, [{switch, value} | _]} ->
        {:error, "#{switch} takes no value, but got #{inspect(value)}; usage: #{@usage}"}

      fault ->
        {:error, fault}
    end
  end

  defp mode(%{check: true}), do: :check
  defp mode(%{time: true}), do: :time
  defp mode(_options), do: :print

  defp fault(_options, []), do: "FILE is missing; usage: #{@usage}"

  defp fault(%{check: true, time: true}, _files),
    do: "--check and --time exclude each other: name one of them"

  defp fault(%{time: true, lines: true}, _files),
    do: "--time takes whole documents: leave --lines out"

  defp fault(%{output: ""}, _files), do: "--output is empty, but must name a file"

  defp fault(%{output: _} = options, files) do
    cond do
      mode(options) != :print -> "--output is for what is printed: leave --#{mode(options)} out"
      length(files) > 1 -> "--output takes one FILE, got #{length(files)}: call the task for each"
      true -> nil
    end
  end

  defp fault(%{compact: true} = options, _files) do
    if mode(options) != :print,
      do: "--compact is for what is printed: leave it or --#{mode(options)} out"
  end

  defp fault(_options, files) do
    if Enum.count(files, &(&1 == "-")) > 1, do: "standard input can be read once: name - once"
  end
end
