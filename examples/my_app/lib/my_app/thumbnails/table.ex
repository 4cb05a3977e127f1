defmodule MyApp.Thumbnails.Table do
  @moduledoc """
  The report of a batch as text, beside what other processes saw meanwhile.

      iex> report = %MyApp.Thumbnails.Report{elapsed_us: 1_000_000}
      iex> seen = %{answers: 1_000, p50_us: 80, p99_us: 210, max_us: 400}
      iex> MyApp.Thumbnails.Table.render(report, seen) |> String.split("\\n") |> Enum.at(1)
      "  files               0    round trips      1000"
  """

  alias Cantilever.Responsiveness.Probe
  alias MyApp.Thumbnails.Report

  @doc "The table, then a line for each picture that failed."
  @spec render(Report.t(), Probe.summary()) :: String.t()
  def render(report, seen) do
    figures = figures(report)
    rows = Enum.zip_with(figures, seen_figures(seen), &row/2)

    [heading("the batch", "other processes meanwhile"), rows, failures(report)]
    |> List.flatten()
    |> Enum.join("\n")
  end

  @doc "The figures of a report as pairs of a label and a text."
  @spec figures(Report.t()) :: [{label :: String.t(), value :: String.t()}]
  def figures(report) do
    [
      {"files", Integer.to_string(Report.files(report))},
      {"ok", Integer.to_string(length(report.made))},
      {"failed", Integer.to_string(length(report.failed))},
      {"pictures/s", decimal(Report.pictures_per_second(report), 1)},
      {"MB/s", decimal(Report.megabytes_per_second(report), 1)}
    ]
  end

  @doc "The figures of the probe as pairs of a label and a text."
  @spec seen_figures(Probe.summary()) :: [{label :: String.t(), value :: String.t()}]
  def seen_figures(seen) do
    [
      {"round trips", Integer.to_string(seen.answers)},
      {"p50", milliseconds(seen.p50_us)},
      {"p99", milliseconds(seen.p99_us)},
      {"max", milliseconds(seen.max_us)},
      {"", ""}
    ]
  end

  defp heading(left, right),
    do: String.trim_trailing("  #{String.pad_trailing(left, 23)}  #{right}")

  defp row(left, right), do: String.trim_trailing("  #{cell(left)}    #{cell(right)}")

  defp cell({label, value}), do: String.pad_trailing(label, 12) <> String.pad_leading(value, 9)

  defp failures(%Report{failed: []}), do: []

  defp failures(%Report{failed: failed}) do
    lines =
      for %{name: name, kind: kind, message: message} <- Enum.reverse(failed) do
        "  #{printable(name)}: #{kind}: #{printable(message)}"
      end

    ["", "  failed:" | lines]
  end

  # A file's name may hold a line break or an escape sequence of the terminal.
  defp printable(text), do: String.replace(text, ~r/[[:cntrl:]]/u, "?")

  defp milliseconds(us), do: decimal(us / 1000, 2) <> " ms"

  defp decimal(number, digits), do: :erlang.float_to_binary(number / 1, decimals: digits)
end
