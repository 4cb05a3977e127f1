defmodule MyApp.Thumbnails.ReportTest do
  use ExUnit.Case, async: true

  alias MyApp.Thumbnails.Report

  doctest MyApp.Thumbnails.Report

  test "counts what was made and what failed" do
    report =
      %Report{elapsed_us: 2_000_000}
      |> Report.add("a.png", {:ok, %{thumbnail: "a.png.webp", bytes: 1_000_000}})
      |> Report.add("b.png", {:error, {:malformed, "it is broken"}})
      |> Report.add("c.png", {:ok, %{thumbnail: "c.png.webp", bytes: 3_000_000}})

    assert Report.files(report) == 3
    assert Enum.map(report.made, & &1.name) == ["c.png", "a.png"]
    assert report.failed == [%{name: "b.png", kind: :malformed, message: "it is broken"}]
    assert Report.pictures_per_second(report) == 1.0
    assert Report.megabytes_per_second(report) == 2.0
  end

  test "has rates for a batch that took no time" do
    assert Report.pictures_per_second(%Report{}) == 0.0
  end
end
