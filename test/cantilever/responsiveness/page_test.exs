defmodule Cantilever.Responsiveness.PageTest do
  use ExUnit.Case, async: true

  alias Cantilever.MadeUpReport
  alias Cantilever.Responsiveness.Page
  alias Cantilever.XML

  @hostile ~s|</code></pre><script>alert(1)</script><img src=x onerror="alert('2')"> & é|

  defp page(report, context \\ []) do
    context =
      Map.merge(
        %{
          expression: "MyApp.Native.thumbnail(picture, 200)",
          before: "",
          machine: [{"Elixir", "1.14.0"}],
          at: ~U[2024-02-03 04:05:06.789Z]
        },
        Map.new(context)
      )

    report |> Page.render(context) |> IO.iodata_to_binary()
  end

  # The page is XML but for its first line, its empty elements and its attribute without a namespace.
  defp elements(page) do
    page
    |> String.replace_prefix("<!doctype html>\n", "")
    |> String.replace(~r/<(meta|br)([^>]*)>/, "<\\1\\2/>")
    |> XML.elements!()
  end

  defp named(elements, name), do: Enum.filter(elements, &(&1.name == name))
  defp texts(elements, name), do: elements |> named(name) |> Enum.map(& &1.text)

  describe "render/2" do
    test "has the verdict first, then the plot, the table, the conditions and the words" do
      elements = elements(page(MadeUpReport.fine()))
      assert texts(elements, :h1) == ["Does this call keep the node responsive?"]

      assert texts(elements, :h2) == [
               "Yes: it is fine",
               "How long others waited",
               "Figures",
               "What was measured, and how",
               "What the words mean"
             ]

      assert "MyApp.Native.thumbnail(picture, 200)" in texts(elements, :code)
      assert texts(elements, :title) |> hd() =~ "Yes: it is fine"
    end

    test "names each reason with what helps" do
      elements = elements(page(MadeUpReport.fails(["one", "two"])))
      assert hd(texts(elements, :h2)) == "No: it fails"
      assert texts(elements, :li) == ["one", "two"]
      assert ["Advice: one", "Advice: two"] -- texts(elements, :span) == []
    end

    test "says how and on what it was measured" do
      page = page(MadeUpReport.fine(), before: "picture = 1")
      elements = elements(page)
      assert "picture = 1" in texts(elements, :code)
      assert page =~ "over 3 rounds"
      assert page =~ "2 processes at once"

      for text <- ["1.14.0", "2 normal, 2 dirty CPU, 10 dirty I/O", "2024-02-03 04:05:06Z"],
          do: assert(text in texts(elements, :dd))
    end

    test "can be walked by landmarks, headings and table headers" do
      elements = elements(page(MadeUpReport.fine()))
      assert [%{attributes: %{lang: "en"}}] = named(elements, :html)
      assert [_one] = named(elements, :main)
      ids = for %{attributes: %{id: id}} <- elements, do: id
      assert ids == Enum.uniq(ids)

      for %{attributes: attributes} <- named(elements, :section),
          do: assert(attributes[:"aria-labelledby"] in ids)

      for %{attributes: attributes} <- named(elements, :th),
          do: assert(attributes.scope in ["col", "row", "rowgroup"])

      assert [%{attributes: %{role: "img"}}] = named(elements, :svg)
    end

    test "escapes whatever was typed and whatever the verdict says" do
      elements =
        elements(
          page(MadeUpReport.fails([@hostile]),
            expression: @hostile,
            before: @hostile,
            machine: [{@hostile, @hostile}]
          )
        )

      assert named(elements, :script) == []
      assert named(elements, :img) == []
      assert Enum.count(texts(elements, :code), &(&1 == @hostile)) == 2
      assert @hostile in texts(elements, :li)
      assert @hostile in texts(elements, :dt)
    end

    test "forbids the network and every script, and lets its own styles in" do
      page = page(MadeUpReport.fine())

      [policy] =
        Regex.run(~r/http-equiv="Content-Security-Policy" content="([^"]+)"/, page,
          capture: :all_but_first
        )

      assert policy =~ "default-src 'none'"
      refute policy =~ "unsafe"
      styles = Regex.scan(~r{<style>(.*?)</style>}s, page, capture: :all_but_first)
      assert length(styles) == 2

      for [style] <- styles,
          do: assert(policy =~ "'sha256-#{Base.encode64(:crypto.hash(:sha256, style))}'")

      refute page =~ ~r/\sstyle=/

      for [address] <- Regex.scan(~r{https?:[^"\s]*}, page),
          do: assert(address == "http://www.w3.org/2000/svg")
    end

    test "is the same for the same report" do
      assert page(MadeUpReport.fails()) == page(MadeUpReport.fails())
    end
  end
end
