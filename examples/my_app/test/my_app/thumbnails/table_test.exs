defmodule MyApp.Thumbnails.TableTest do
  use ExUnit.Case, async: true

  alias MyApp.Thumbnails.Report
  alias MyApp.Thumbnails.Table

  doctest MyApp.Thumbnails.Table

  @seen %{answers: 4321, p50_us: 84, p99_us: 1234, max_us: 20_000}

  describe "render/2" do
    test "sets the figures side by side" do
      report =
        Report.add(
          %Report{elapsed_us: 500_000},
          "a.png",
          {:ok, %{thumbnail: "t", bytes: 2_500_000}}
        )

      assert Table.render(report, @seen) == """
               the batch                other processes meanwhile
               files               1    round trips      4321
               ok                  1    p50           0.08 ms
               failed              0    p99           1.23 ms
               pictures/s        2.0    max          20.00 ms
               MB/s              5.0\
             """
    end

    test "lists what failed in the order of the batch, each on one line" do
      report =
        %Report{elapsed_us: 1}
        |> Report.add("first\n.png", {:error, {:malformed, "broken"}})
        |> Report.add("second.png", {:error, {:unreadable, "a\e[31mb"}})

      assert Table.render(report, @seen) |> String.split("\n") |> Enum.take(-3) == [
               "  failed:",
               "  first?.png: malformed: broken",
               "  second.png: unreadable: a?[31mb"
             ]
    end
  end
end
