defmodule MyApp.ContactSheetTest do
  use ExUnit.Case, async: true

  alias MyApp.Thumbnails.Report

  @seen %{answers: 4321, p50_us: 84, p99_us: 1234, max_us: 20_000}

  describe "render/3" do
    test "shows each thumbnail by a relative address, with a text in its place" do
      html = render([{"sub/a b.png", {:ok, %{thumbnail: "sub/a b.png.webp", bytes: 1}}}])
      assert html =~ ~s(src="./sub/a%20b.png.webp" alt="Thumbnail of sub/a b.png")
    end

    test "escapes whatever a file may be called" do
      name = ~s(<script>"&'#?%.png)
      html = render([{name, {:ok, %{thumbnail: name, bytes: 1}}}])

      refute html =~ "<script>"
      assert html =~ ~s(src="./%3Cscript%3E%22%26%27%23%3F%25.png")
      assert html =~ ~s(alt="Thumbnail of &lt;script&gt;&quot;&amp;&#39;#?%.png")
    end

    test "escapes the title and the reasons" do
      html = render([{"a.png", {:error, {:malformed, "<b>"}}}], title: "<i>")
      assert html =~ "<title>&lt;i&gt;</title>"
      assert html =~ "<b>a.png</b>: malformed: &lt;b&gt;"
    end

    test "shows the figures of the batch and of the probe" do
      html = render([{"a.png", {:error, {:malformed, "broken"}}}])
      assert html =~ ~s(<th scope="row">failed</th><td>1</td>)
      assert html =~ ~s(<th scope="row">p99</th><td>1.23 ms</td>)
      assert html =~ "There is no thumbnail."
    end

    test "needs nothing from elsewhere" do
      html = render([{"a.png", {:ok, %{thumbnail: "a.png.webp", bytes: 1}}}])
      refute html =~ ~r{//|@import|<script|<link|url\(}
    end

    test "suits light and dark screens" do
      assert render([]) =~ "color-scheme: light dark"
    end
  end

  defp render(outcomes, options \\ []) do
    outcomes
    |> Enum.reduce(%Report{elapsed_us: 1}, fn {name, outcome}, report ->
      Report.add(report, name, outcome)
    end)
    |> MyApp.ContactSheet.render(@seen, options)
  end
end
