defmodule Cantilever.Responsiveness.Page do
  @moduledoc false
  # A report as one HTML file that needs nothing else: no script, no network, and a policy that would forbid both.

  alias Cantilever.Responsiveness.Curve
  alias Cantilever.Responsiveness.Glossary
  alias Cantilever.Responsiveness.Markup
  alias Cantilever.Responsiveness.Plot
  alias Cantilever.Responsiveness.Report
  alias Cantilever.Responsiveness.Table
  alias Cantilever.Units

  @typedoc "What a report does not know: what was typed, on which machine, and when."
  @type context :: %{
          expression: String.t(),
          before: String.t(),
          machine: [{String.t(), String.t()}],
          at: DateTime.t()
        }

  @style """
  :root { color-scheme: light dark; --ground: #ffffff; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --box: #f6f8fa;
    --good: #0f6b2f; --bad: #b3261e }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0d1117; --text: #f0f3f6; --faint: #9aa4b0; --line: #30363d; --box: #161b22; --good: #5bd07f; --bad: #ff9a91 }
  }
  body { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; background: var(--ground); color: var(--text);
    max-width: 54rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem }
  h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem }
  code, pre { font: .92em/1.45 ui-monospace, "DejaVu Sans Mono", monospace }
  pre { background: var(--box); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; margin: .5rem 0;
    white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate }
  .verdict { border-left: .35rem solid var(--good); background: var(--box); padding: .8rem 1.1rem; margin: 1rem 0 }
  .verdict.fails { border-color: var(--bad) }
  .verdict h2 { margin: 0; color: var(--good) }
  .verdict.fails h2 { color: var(--bad) }
  .verdict ul { margin: .5rem 0 0; padding-left: 1.2rem }
  .verdict li { margin: .4rem 0 }
  .advice { display: block; font-weight: 600 }
  figure { margin: 0 }
  figure svg { display: block; box-sizing: border-box; width: 100%; min-width: 38rem; height: auto;
    border: 1px solid var(--line); border-radius: .4rem }
  figcaption { color: var(--faint); margin-top: .5rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; width: 100% }
  th, td { padding: .25rem .75rem; border-top: 1px solid var(--line); text-align: left; font-weight: normal }
  thead th, thead td { border-top: 0; font-weight: 600 }
  tbody th[scope=rowgroup] { font-weight: 600; padding-top: .8rem }
  tbody th[scope=row] { padding-left: 1.5rem }
  td, thead th { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .3rem 1.2rem; margin: .5rem 0 }
  dt { font-weight: 600 }
  dd { margin: 0 }
  @media (max-width: 36rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem } }
  """

  @doc "The page."
  @spec render(Report.t(), context) :: iodata
  def render(report, context) do
    [
      head(report),
      "<body>\n<header>\n<h1>Does this call keep the node responsive?</h1>\n",
      [pre(context.expression), "</header>\n<main>\n"],
      verdict(report.verdict),
      section("waiting", "How long others waited", plot(report)),
      section("figures", "Figures", table(report)),
      section("measured", "What was measured, and how", measured(report, context)),
      section("words", "What the words mean", list(Glossary.entries(report))),
      "</main>\n</body>\n</html>\n"
    ]
  end

  @doc "The answer to the page's question."
  @spec answer(:fine | :fails) :: String.t()
  def answer(:fine), do: "Yes: it is fine"
  def answer(:fails), do: "No: it fails"

  defp head(report) do
    [
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
      ["<meta http-equiv=\"Content-Security-Policy\" content=\"", policy(), "\">\n"],
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
      ["<title>", escape(answer(report.verdict.status)), " – responsiveness</title>\n"],
      ["<style>", @style, "</style>\n</head>\n"]
    ]
  end

  # Only these two style sheets are let in, by what they say; nothing else is, and nothing is loaded.
  defp policy do
    hashes =
      for style <- [@style, Plot.style()],
          do: " 'sha256-#{Base.encode64(:crypto.hash(:sha256, style))}'"

    "default-src 'none'; style-src#{hashes}; base-uri 'none'; form-action 'none'"
  end

  defp verdict(verdict) do
    class = if verdict.status == :fine, do: "verdict", else: "verdict fails"

    reasons =
      for reason <- verdict.reasons do
        [
          "<li>",
          escape(reason.message),
          "<span class=\"advice\">",
          escape(reason.advice),
          "</span></li>\n"
        ]
      end

    [
      "<section class=\"#{class}\" aria-labelledby=\"verdict\">\n<h2 id=\"verdict\">",
      [escape(answer(verdict.status)), "</h2>\n"],
      if(reasons == [], do: [], else: ["<ul>\n", reasons, "</ul>\n"]),
      "</section>\n"
    ]
  end

  defp plot(report) do
    [
      [
        "<figure>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"waiting\">\n",
        Curve.svg(report)
      ],
      "</div>\n<figcaption>The further right, the rarer: one answer in a hundred took as long as the curve says at 99 %, or longer. ",
      "A call that keeps the node responsive stays close to pure Elixir.</figcaption>\n</figure>\n"
    ]
  end

  defp table(report) do
    columns = for name <- Table.columns(), do: ["<th scope=\"col\">", escape(name), "</th>"]

    [
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"figures\">\n<table>\n<thead>\n<tr><td></td>",
      [columns, "</tr>\n</thead>\n"],
      Enum.map(Table.groups(report), &group(&1, length(columns) + 1)),
      "</table>\n</div>\n"
    ]
  end

  defp group({title, rows}, width) do
    [
      "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"#{width}\">#{escape(title)}</th></tr>\n",
      for {label, cells} <- rows do
        [
          "<tr><th scope=\"row\">",
          escape(label),
          "</th>",
          for(cell <- cells, do: ["<td>", escape(cell), "</td>"]),
          "</tr>\n"
        ]
      end,
      "</tbody>\n"
    ]
  end

  defp measured(report, context) do
    [
      "<p>In turns, over #{report.rounds} rounds, the node was left idle, ran a loop in pure Elixir, and made this call, ",
      "for #{Units.duration_ms(report.duration_ms)} each time. The loop and the call were run by ",
      "#{callers(report)}, over and over. Meanwhile another process asked ordinary processes for an answer ",
      "at every whole millisecond, whether or not the last one had come, and counted from the moment at which it meant to ask. ",
      "Besides, the call was made alone, once at a time, as the VM then tells which call held a scheduler.</p>\n",
      "<p>It fails if calls hold a scheduler for more than #{Units.duration_ms(report.max_hold_ms)}, if they take all dirty ",
      "schedulers and wait for more, or if one answer in a hundred takes more than a millisecond and more than ",
      "#{Units.number(report.max_p99_ratio)} times as long as beside pure Elixir.</p>\n",
      if(context.before == "",
        do: [],
        else: ["<p>Evaluated once before:</p>\n", pre(context.before)]
      ),
      list(
        context.machine ++
          [
            {"schedulers",
             "#{report.schedulers} normal, #{report.dirty_cpu_schedulers} dirty CPU, #{report.dirty_io_schedulers} dirty I/O"},
            {"measured at", "#{context.at |> DateTime.truncate(:second) |> DateTime.to_string()}"}
          ]
      )
    ]
  end

  defp callers(%{concurrency: 1}), do: "one process"
  defp callers(%{concurrency: number}), do: "#{number} processes at once"

  defp section(id, title, content) do
    [
      "<section aria-labelledby=\"#{id}\">\n<h2 id=\"#{id}\">#{escape(title)}</h2>\n",
      content,
      "</section>\n"
    ]
  end

  defp list(pairs) do
    items =
      for {term, text} <- pairs, do: ["<dt>", escape(term), "</dt><dd>", escape(text), "</dd>\n"]

    ["<dl>\n", items, "</dl>\n"]
  end

  defp pre(code), do: ["<pre dir=\"ltr\"><code>", escape(code), "</code></pre>\n"]
  defp escape(text), do: Markup.escape(text)
end
