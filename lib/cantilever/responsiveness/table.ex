defmodule Cantilever.Responsiveness.Table do
  @moduledoc false
  # The figures of a report, side by side: as cells for the page, and as text for the terminal.

  alias Cantilever.Responsiveness.Report
  alias Cantilever.Responsiveness.Sample
  alias Cantilever.Units

  @type group :: {title :: String.t(), [{label :: String.t(), cells :: [String.t()]}]}

  @none "–"

  @doc "What the columns hold."
  @spec columns() :: [String.t()]
  def columns, do: ["idle", "pure Elixir", "this call"]

  @doc "The rows in groups, each with a cell for each column."
  @spec groups(Report.t()) :: [group]
  def groups(report) do
    samples = [report.idle, report.elixir, report.call]

    for {title, rows} <- rows() do
      {title, for({label, cell} <- rows, do: {label, Enum.map(samples, cell)})}
    end
  end

  @doc "The table as text, its columns as wide as they need to be."
  @spec render(Report.t()) :: String.t()
  def render(report) do
    groups = groups(report)
    rows = [{"", columns()} | Enum.flat_map(groups, &elem(&1, 1))]
    cells = rows |> Enum.map(&elem(&1, 1)) |> Enum.zip_with(&widest/1)
    labels = rows |> Enum.map(&elem(&1, 0)) |> widest()

    [
      line("", columns(), labels, cells),
      for {title, rows} <- groups do
        ["  #{title}" | for({label, texts} <- rows, do: line(label, texts, labels, cells))]
      end
    ]
    |> List.flatten()
    |> Enum.join("\n")
  end

  defp rows do
    [
      {"how long others waited for an answer",
       [
         {"p50", &Units.duration(&1.p50_us)},
         {"p90", &Units.duration(&1.p90_us)},
         {"p99", &Units.duration(&1.p99_us)},
         {"p99.9", &Units.duration(&1.p999_us)},
         {"longest", &Units.duration(&1.max_us)},
         {"answers", &Units.grouped(&1.answers)}
       ]},
      {"the calls",
       [
         {"calls/s", &of_calls(&1, Units.number(&1.calls_per_s))},
         {"calls", &of_calls(&1, Units.grouped(&1.calls))},
         {"calls of each caller", &of_calls(&1, span(&1.calls_by_caller))},
         {"longest hold of a scheduler", &hold/1},
         {"holds", &of_calls(&1, Units.grouped(&1.hold_count))}
       ]},
      {"how many wait for a scheduler, mean (most)",
       [
         {"normal", &queue(&1, :normal)},
         {"dirty CPU", &queue(&1, :dirty_cpu)},
         {"dirty I/O", &queue(&1, :dirty_io)}
       ]},
      {"how busy the schedulers are",
       [
         {"normal", &Units.share(&1.utilisation.normal)},
         {"dirty CPU", &Units.share(&1.utilisation.dirty_cpu)},
         {"dirty I/O", &Units.share(&1.utilisation.dirty_io)}
       ]},
      {"the VM's memory",
       [
         {"before", &Units.bytes(&1.memory.before)},
         {"most", &Units.bytes(&1.memory.max)},
         {"after", &Units.bytes(&1.memory.after)}
       ]}
    ]
  end

  # Nobody calls anything while the node is idle.
  @spec of_calls(Sample.t(), String.t()) :: String.t()
  defp of_calls(%{calls_by_caller: []}, _text), do: @none
  defp of_calls(_sample, text), do: text

  defp span([]), do: @none

  defp span(calls) do
    case Enum.min_max(calls) do
      {same, same} -> Units.grouped(same)
      {least, most} -> "#{Units.grouped(least)} to #{Units.grouped(most)}"
    end
  end

  # The VM counts whole milliseconds, and reports more than one.
  defp hold(%{longest_hold_ms: nil} = sample), do: of_calls(sample, "under 2 ms")
  defp hold(sample), do: of_calls(sample, Units.duration_ms(sample.longest_hold_ms))

  defp queue(sample, kind) do
    %{mean: mean, max: most} = Map.fetch!(sample.run_queues, kind)
    "#{:erlang.float_to_binary(mean / 1, decimals: 1)} (#{most})"
  end

  defp line(label, texts, label_width, widths) do
    cells =
      Enum.zip_with(texts, widths, fn text, width -> "  " <> String.pad_leading(text, width) end)

    String.trim_trailing("    #{String.pad_trailing(label, label_width)}#{cells}")
  end

  defp widest(texts), do: texts |> Enum.map(&String.length/1) |> Enum.max()
end
