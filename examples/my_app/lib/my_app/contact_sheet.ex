defmodule MyApp.ContactSheet do
  @moduledoc """
  A page that shows the thumbnails of a batch, and how it went.

      html = MyApp.ContactSheet.render(report, seen, title: "Holidays")
      File.write!("out/index.html", html)

  The page stands beside its thumbnails, and needs nothing else: no script, and nothing from a network.
  """

  alias Cantilever.Responsiveness.Probe
  alias MyApp.Thumbnails.Report
  alias MyApp.Thumbnails.Table

  @style """
  :root { color-scheme: light dark; --line: #d5d9e0; --bad: #a4262c }
  @media (prefers-color-scheme: dark) { :root { --line: #3a3f47; --bad: #ff8f8f } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1.5rem }
  h1 { font-size: 1.6rem; margin: 0 0 1rem; overflow-wrap: anywhere }
  .figures { display: flex; flex-wrap: wrap; gap: 1rem 3rem; margin-bottom: 2rem }
  table { border-collapse: collapse }
  caption { text-align: left; font-weight: 600 }
  th { text-align: left; font-weight: normal; padding: .15rem 1.5rem .15rem 0 }
  td { text-align: right; font-variant-numeric: tabular-nums }
  tr { border-top: 1px solid var(--line) }
  .failed { color: var(--bad); overflow-wrap: anywhere }
  .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; padding: 0; margin: 0 }
  .sheet li { list-style: none; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; display: flex;
    flex-direction: column }
  .sheet img { display: block; width: 100%; height: 14rem; object-fit: contain; flex: 1 }
  .sheet span { padding: .4rem .7rem; font-size: .85rem; overflow-wrap: anywhere; border-top: 1px solid var(--line) }
  """

  @doc "The page, with the failed pictures and their reasons before the thumbnails."
  @spec render(Report.t(), Probe.summary(), title: String.t()) :: String.t()
  def render(report, seen, options \\ []) do
    title = options |> Keyword.get(:title, "Thumbnails") |> escape()

    IO.iodata_to_binary([
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
      ["<title>", title, "</title>\n<style>\n", @style, "</style>\n</head>\n<body>\n"],
      ["<h1>", title, "</h1>\n<div class=\"figures\">\n"],
      table("The batch", Table.figures(report)),
      table("Other processes meanwhile", Table.seen_figures(seen)),
      "</div>\n",
      failed(Enum.reverse(report.failed)),
      made(Enum.reverse(report.made)),
      "</body>\n</html>\n"
    ])
  end

  defp table(caption, figures) do
    rows =
      for {label, value} <- figures, label != "" do
        ["<tr><th scope=\"row\">", escape(label), "</th><td>", escape(value), "</td></tr>\n"]
      end

    ["<table>\n<caption>", escape(caption), "</caption>\n", rows, "</table>\n"]
  end

  defp failed([]), do: []

  defp failed(failed) do
    items =
      for %{name: name, kind: kind, message: message} <- failed do
        ["<li><b>", escape(name), "</b>: ", escape("#{kind}: #{message}"), "</li>\n"]
      end

    ["<section class=\"failed\">\n<h2>Failed</h2>\n<ul>\n", items, "</ul>\n</section>\n"]
  end

  defp made([]), do: "<p>There is no thumbnail.</p>\n"

  defp made(made) do
    items =
      for %{name: name, thumbnail: thumbnail} <- made do
        ["<li><img loading=\"lazy\" src=\"", address(thumbnail), "\" alt=\"Thumbnail of "] ++
          [escape(name), "\"><span>", escape(name), "</span></li>\n"]
      end

    ["<ul class=\"sheet\">\n", items, "</ul>\n"]
  end

  # A leading dot keeps a name like "a:b.png" from being taken for a scheme.
  defp address(path), do: "./" <> URI.encode(path, &(URI.char_unreserved?(&1) or &1 == ?/))

  defp escape(text) do
    text
    |> String.replace("&", "&amp;")
    |> String.replace("<", "&lt;")
    |> String.replace(">", "&gt;")
    |> String.replace("\"", "&quot;")
    |> String.replace("'", "&#39;")
  end
end
