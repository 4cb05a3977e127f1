defmodule Cantilever.Bench.Responsiveness.Shortfalls do
  @moduledoc """
  Where the kit's ways are worse than the best of the others, in sentences made of the figures.

      Cantilever.Bench.Responsiveness.Shortfalls.list(cells)
      #=> "  * arithmetic, 4 callers: kit, parallel: p99 9.80 ms, 2.65 times that of rustler, DirtyCpu (3.70 ms).\\n"
  """

  alias Cantilever.Bench.Markdown
  alias Cantilever.Bench.Responsiveness.{Plan, Ways}

  # Less than that is what the same thing differs by from run to run.
  @slower 1.25
  @noticeable_us 50
  @fewer 0.95
  @unfair 0.10

  @doc "A list item for each way and group; a sentence where there are none."
  @spec list([Cantilever.Bench.Responsiveness.Report.cell()]) :: iodata
  def list(cells) do
    case cells
         |> Enum.chunk_by(&Map.take(&1, [:job, :callers, :priority]))
         |> Enum.flat_map(&group/1) do
      [] -> "Nowhere, by more than the same thing differs from run to run.\n"
      sentences -> Enum.map(sentences, &["  * ", &1, ".\n"])
    end
  end

  defp group([first | _] = cells) do
    by_way = Map.new(cells, &{&1.way, &1.figures})

    for way <- Ways.kit(),
        figures = by_way[way],
        facts = slower(figures, by_way) ++ fewer(figures, by_way) ++ unfair(figures),
        facts != [] do
      "#{Plan.title(first)}: #{Ways.title(way)}: #{Enum.join(facts, "; ")}"
    end
  end

  # Against nothing at all everything looks bad, so it is compared with the others that work.
  defp slower(%{p99_us: %{value: ours_us}}, by_way) do
    with {other, theirs_us} <- best(by_way, [:elixir | others()], :p99_us, &Enum.min_by/3),
         true <- ours_us > @slower * theirs_us and ours_us - theirs_us > @noticeable_us do
      [
        "p99 #{Markdown.ms(ours_us)} ms, #{Markdown.figure(ours_us / max(theirs_us, 1))} times that of " <>
          "#{Ways.title(other)} (#{Markdown.ms(theirs_us)} ms)"
      ]
    else
      _as_good -> []
    end
  end

  defp fewer(%{calls_per_s: %{value: ours}}, by_way) do
    with {other, theirs} <- best(by_way, others(), :calls_per_s, &Enum.max_by/3),
         true <- ours < @fewer * theirs do
      [
        "#{Markdown.figure(ours)} calls/s, #{Markdown.figure(ours / theirs)} times those of " <>
          "#{Ways.title(other)} (#{Markdown.figure(theirs)})"
      ]
    else
      _as_many -> []
    end
  end

  defp unfair(%{shares: {least, most}}) when 1 - least > @unfair or most - 1 > @unfair do
    ["its callers got between #{Markdown.figure(least)} and #{Markdown.figure(most)} of the mean"]
  end

  defp unfair(_figures), do: []

  defp others, do: Ways.native() -- Ways.kit()

  defp best(by_way, ways, key, choose) do
    figures = for way <- ways, figures = by_way[way], do: {way, Map.fetch!(figures, key).value}
    choose.(figures, &elem(&1, 1), fn -> nil end)
  end
end
