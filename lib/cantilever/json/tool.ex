defmodule Cantilever.JSON.Tool do
  @moduledoc false
  # What `mix cantilever.json` does with a file.

  alias Cantilever.JSON
  alias Cantilever.JSON.Checker
  alias Cantilever.JSON.Tool.CommandLine
  alias Cantilever.JSON.Tool.Input
  alias Cantilever.JSON.Tool.Lines
  alias Cantilever.JSON.Tool.LinesReport
  alias Cantilever.JSON.Tool.Output
  alias Cantilever.JSON.Tool.Place
  alias Cantilever.JSON.Tool.Timing
  alias Cantilever.Units

  @doc "Does what the command asks for with one of its files. What there is to say goes to standard output."
  @spec run(String.t(), CommandLine.t()) :: :ok | {:error, String.t()}
  def run(file, command) do
    with {:ok, input} <- Input.open(file, command.lines?),
         :ok <- not_empty(input, command),
         {:ok, text} <- work(input, command) do
      say(text)
    end
  rescue
    error in File.Error -> {:error, Input.explain(error.path, error.reason)}
  end

  defp say(nil), do: :ok
  defp say(text), do: with({:ok, nil} <- print([[text]], nil), do: :ok)

  # No lines are lines too, but nothing is no document.
  defp not_empty(%{bytes: 0, name: name}, %{lines?: false}),
    do: {:error, "#{name} is empty, but a document has a value: write one into it, such as null"}

  defp not_empty(_input, _command), do: :ok

  defp work(input, %{lines?: true} = command) do
    report = LinesReport.new(input, command)

    Output.to(command.output, fn write ->
      with {:ok, totals} <- lines(input, command, report, write),
           do: LinesReport.verdict(input.name, totals, command)
    end)
  end

  defp work(input, %{mode: :check}) do
    case Checker.check(Input.chunks(input)) do
      {:ok, bytes} -> {:ok, "#{input.name}: valid, #{Units.grouped(bytes)} bytes"}
      {:error, error} -> wrong(input, error)
    end
  end

  defp work(input, %{mode: :time}) do
    with {:ok, %{source: {:text, text}} = input} <- Input.load(input) do
      case Timing.measure(text) do
        {:ok, figures} -> {:ok, Timing.render(input.name, input.bytes, figures)}
        {:error, error} -> wrong(input, error)
      end
    end
  end

  defp work(input, %{mode: :print} = command) do
    with {:ok, %{source: {:text, text}} = input} <- Input.load(input) do
      case JSON.decode(text, objects: :ordered) do
        {:ok, term} -> print(JSON.encode_to_iodata!(term, pretty: command.pretty), command.output)
        {:error, error} -> wrong(input, error)
      end
    end
  end

  defp lines(input, command, report, write) do
    mode = if command.mode == :check, do: :check, else: {:print, pretty: command.pretty}

    done =
      Lines.run(Input.chunks(input), mode, report, fn done, report ->
        with :ok <- Output.all(write, done.output), do: {:ok, LinesReport.further(report, done)}
      end)

    case done do
      {:ok, totals, report} ->
        LinesReport.close(report)
        {:ok, totals}

      {:error, report, reason} ->
        LinesReport.close(report)
        {:error, reason}
    end
  end

  defp print(json, output) do
    Output.to(output, fn write ->
      with :ok <- Output.all(write, json), :ok <- write.("\n"), do: {:ok, nil}
    end)
  end

  defp wrong(input, error),
    do: {:error, input |> Place.find(error.position) |> Place.message(input.name, error.expected)}
end
