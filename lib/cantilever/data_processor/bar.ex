defmodule Cantilever.DataProcessor.Bar do
  @moduledoc false
  # The text of a progress bar: pure, and never longer than the terminal is wide.

  alias Cantilever.DataProcessor.Progress
  alias Cantilever.TerminalLine

  @narrowest 10
  @widest 40

  @doc "A bar and its figures in exactly `columns - 1` columns, so that nothing of the line before stays and none wraps."
  @spec line(Progress.t(), pos_integer) :: String.t()
  def line(progress, columns) do
    text = summary(progress)
    width = min(columns - String.length(text) - 4, @widest)

    text =
      if progress.total in [nil, 0] or width < @narrowest,
        do: text,
        else: "[#{TerminalLine.bar(progress.done, progress.total, width)}] #{text}"

    TerminalLine.fit(text, columns)
  end

  @doc "The figures alone."
  @spec summary(Progress.t()) :: String.t()
  def summary(progress) do
    [count(progress), failed(progress), rate(progress), time(progress)]
    |> Enum.reject(&is_nil/1)
    |> Enum.join(", ")
  end

  defp count(%{total: total, done: done}) when total in [nil, 0], do: "#{done}"

  defp count(progress),
    do: "#{progress.done}/#{progress.total} (#{div(progress.done * 100, progress.total)} %)"

  defp failed(%{failed: 0}), do: nil
  defp failed(progress), do: "#{progress.failed} failed"

  defp rate(%{rate: rate}) when rate >= 100, do: "#{round(rate)}/s"
  defp rate(%{rate: rate}), do: "#{Float.round(rate, 1)}/s"

  defp time(%{finished?: true} = progress), do: "took #{duration(progress.elapsed_ms)}"
  defp time(%{left_ms: nil}), do: nil
  defp time(progress), do: "#{duration(progress.left_ms)} left"

  defp duration(ms) when ms < 10_000, do: "#{Float.round(ms / 1_000, 1)} s"
  defp duration(ms) when ms < 60_000, do: "#{div(ms, 1_000)} s"
  defp duration(ms) when ms < 3_600_000, do: "#{div(ms, 60_000)} min #{rem(div(ms, 1_000), 60)} s"
  defp duration(ms), do: "#{div(ms, 3_600_000)} h #{rem(div(ms, 60_000), 60)} min"
end
