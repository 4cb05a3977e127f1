Code.require_file("../support/bench.exs", __DIR__)
Code.require_file("suite.exs", __DIR__)

defmodule Cantilever.Bench.Conformance.Report do
  @moduledoc """
  What the test suite found, by its sections, and what it wanted where not all was well.

      Cantilever.Bench.Conformance.Report.table(cases)
      #=> a table: section, cases, OK, non-strict, informational, failed
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Conformance.Suite

  # The suite's own names.
  @sections %{
    1 => "framing",
    2 => "pings and pongs",
    3 => "reserved bits",
    4 => "opcodes",
    5 => "fragmentation",
    6 => "UTF-8",
    7 => "closing",
    9 => "limits and speed",
    10 => "miscellaneous"
  }

  # How many cases each has: a case that was left out must not look as one that has passed.
  @cases %{1 => 16, 2 => 11, 3 => 7, 4 => 10, 5 => 20, 6 => 145, 7 => 37, 9 => 54, 10 => 1}

  @columns [ok: "OK", non_strict: "non-strict", informational: "informational", failed: "failed"]

  # Why the server does what the suite calls non-strict, by case. There is none that it does now.
  @reasons %{}

  @doc "The sections that there are, in order."
  @spec sections() :: [pos_integer]
  def sections, do: @sections |> Map.keys() |> Enum.sort()

  @doc "A table of how many cases of each section ended how."
  @spec table([Suite.judged()]) :: iodata
  def table(cases) do
    rows =
      for {section, judged} <- by_section(cases) do
        row("#{section}  #{@sections[section]}", judged)
      end

    Bench.grid([
      ["section", "cases" | Keyword.values(@columns)] | rows ++ [row("all", cases)]
    ])
  end

  defp row(name, cases) do
    [name, "#{length(cases)}" | for({verdict, _name} <- @columns, do: "#{count(cases, verdict)}")]
  end

  @doc "Each case that is not OK: what was seen, what the suite expects, and the reason for what is not strict."
  @spec exceptions([Suite.judged()]) :: iodata
  def exceptions(cases) do
    for %{verdict: verdict} = judged when verdict != :ok <- cases do
      [
        [?\n, judged.id, ": ", judged.behavior, ", closing: ", judged.close, ?\n],
        ["  seen:     ", judged.seen, ?\n],
        ["  expected: ", judged.expected, ?\n],
        if(verdict == :non_strict, do: ["  reason:   ", reason(judged), ?\n], else: [])
      ]
    end
  end

  defp reason(judged), do: Map.get(@reasons, judged.id, "none is stated")

  @doc "How many cases of each section ended how, as records."
  @spec results([Suite.judged()]) :: [Bench.result()]
  def results(cases) do
    for {section, judged} <- by_section(cases), {verdict, name} <- @columns do
      Bench.result("#{section} #{@sections[section]}: #{name}", [count(judged, verdict)], "cases")
    end
  end

  @doc "What holds of a run of these sections."
  @spec goals([Suite.judged()], [pos_integer]) :: [Bench.goal()]
  def goals(cases, sections) do
    unexplained =
      Enum.count(cases, &(&1.verdict == :non_strict and not is_map_key(@reasons, &1.id)))

    all = @cases |> Map.take(sections) |> Map.values() |> Enum.sum()

    [
      Bench.goal("cases that were run", length(cases), ">=", all),
      Bench.goal("cases that failed", count(cases, :failed), "<=", 0),
      Bench.goal("cases that are not strict, for no stated reason", unexplained, "<=", 0)
    ]
  end

  defp by_section(cases), do: cases |> Enum.group_by(& &1.section) |> Enum.sort()
  defp count(cases, verdict), do: Enum.count(cases, &(&1.verdict == verdict))
end
