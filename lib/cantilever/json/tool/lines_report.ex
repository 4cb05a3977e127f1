defmodule Cantilever.JSON.Tool.LinesReport do
  @moduledoc false
  # What a run through lines tells: the first lines that are wrong, how far it is, and what came of it.

  alias Cantilever.JSON.Tool.CommandLine
  alias Cantilever.JSON.Tool.Input
  alias Cantilever.JSON.Tool.Lines
  alias Cantilever.JSON.Tool.Place
  alias Cantilever.JSON.Tool.Progress
  alias Cantilever.Units

  # So many wrong lines are shown.
  @shown 20

  @enforce_keys [:name, :progress]
  defstruct [:name, :progress, told: 0]

  @type t :: %__MODULE__{name: String.t(), progress: Progress.t(), told: non_neg_integer()}

  @doc "How many lines are shown that are wrong."
  @spec shown() :: pos_integer()
  def shown, do: @shown

  @doc "At the start."
  @spec new(Input.t(), CommandLine.t()) :: t()
  def new(input, command) do
    # The bar would go through what is printed on the same terminal.
    bar? =
      command.mode == :check or command.output != nil or
        not match?({:ok, _columns}, :io.columns())

    %__MODULE__{name: input.name, progress: Progress.new(input.bytes, bar?)}
  end

  @doc "After a block of lines."
  @spec further(t(), Lines.done()) :: t()
  def further(report, done) do
    faults = Enum.take(done.faults, max(@shown - report.told, 0))
    progress = if faults == [], do: report.progress, else: Progress.clear(report.progress)
    for {place, what} <- faults, do: Mix.shell().error(Place.message(place, report.name, what))

    %{
      report
      | told: report.told + length(faults),
        progress: Progress.further(progress, done.bytes, done.wrong)
    }
  end

  @doc "At the end, whichever it is."
  @spec close(t()) :: :ok
  def close(report) do
    _progress = Progress.clear(report.progress)
    :ok
  end

  @doc "What came of it: nil if that is clear."
  @spec verdict(String.t(), Lines.totals(), CommandLine.t()) ::
          {:ok, String.t() | nil} | {:error, String.t()}
  def verdict(name, %{wrong: 0} = totals, %{mode: :check}) do
    {:ok,
     "#{name}: valid, #{count(totals.documents, "document")} in #{count(totals.lines, "line")}, " <>
       count(totals.bytes, "byte")}
  end

  def verdict(_name, %{wrong: 0}, _command), do: {:ok, nil}

  def verdict(name, totals, command) do
    hidden = totals.wrong - @shown

    {:error,
     "#{name}: #{Units.grouped(totals.wrong)} of #{count(totals.lines, "line")} wrong" <>
       if(hidden > 0, do: ", the first #{@shown} of them are shown", else: "") <>
       if(command.output, do: "; #{command.output} is not written", else: "")}
  end

  defp count(1, noun), do: "1 #{noun}"
  defp count(number, noun), do: "#{Units.grouped(number)} #{noun}s"
end
