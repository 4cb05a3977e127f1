defmodule Cantilever.Responsiveness.ProgressLine do
  @moduledoc false
  # How far a measurement has come: a line that is drawn over itself on a terminal, and elsewhere (a log, a pipe) a line for each round.

  alias Cantilever.TerminalLine

  @bar_width 24
  @names %{idle: "idle", elixir: "pure Elixir", call: "this call"}

  @type progress :: %{
          phase: :idle | :elixir | :call,
          round: pos_integer,
          rounds: pos_integer,
          elapsed_ms: non_neg_integer,
          total_ms: pos_integer
        }

  @doc "Calls `measure` with the function that is to be told the progress, and clears the line in the end, whatever happens."
  @spec during(IO.device(), ((progress -> :ok) -> result)) :: result when result: var
  def during(device, measure) do
    case :io.columns(device) do
      {:ok, columns} -> redrawn(device, columns, measure)
      {:error, _no_terminal} -> stepwise(device, :atomics.new(1, []), measure)
    end
  end

  @doc "The line in exactly `columns - 1` columns, so that nothing of the line before stays and none wraps."
  @spec line(progress, pos_integer) :: String.t()
  def line(progress, columns) do
    bar = "[#{TerminalLine.bar(progress.elapsed_ms, max(progress.total_ms, 1), @bar_width)}] "

    text =
      "round #{progress.round} of #{progress.rounds}, #{@names[progress.phase]}, #{left(progress)}"

    text = if String.length(bar <> text) < columns, do: bar <> text, else: text
    TerminalLine.fit(text, columns)
  end

  defp redrawn(device, columns, measure) do
    measure.(fn progress -> IO.write(device, ["\r", line(progress, columns)]) end)
  after
    IO.write(device, ["\r", TerminalLine.fit("", columns), "\r"])
  end

  # Progress comes many times in a round.
  defp stepwise(device, told, measure) do
    measure.(fn progress ->
      if :atomics.exchange(told, 1, progress.round) != progress.round,
        do: IO.puts(device, "round #{progress.round} of #{progress.rounds}, #{left(progress)}"),
        else: :ok
    end)
  end

  defp left(progress),
    do: "#{div(max(progress.total_ms - progress.elapsed_ms, 0) + 999, 1_000)} s left"
end
