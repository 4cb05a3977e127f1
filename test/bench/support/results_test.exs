Code.require_file("../../../bench/support/results.exs", __DIR__)

defmodule Cantilever.Bench.ResultsTest do
  # The output is captured, which needs nobody else to write to the device.
  use ExUnit.Case, async: true

  import ExUnit.CaptureIO

  alias Cantilever.Bench.Results

  test "a quick run leaves alone what is kept with the sources, and says where its files are" do
    {folder, output} =
      with_io(fn -> Results.write!([{"results_test.md", ["a ", "page"]}], quick: true) end)

    on_exit(fn -> File.rm_rf!(folder) end)
    path = Path.join(folder, "results_test.md")

    assert File.read!(path) == "a page"
    assert output == "written: #{path}\n"
    refute String.starts_with?(folder, Path.expand("bench"))
    refute File.exists?("bench/results/results_test.md")
  end
end
