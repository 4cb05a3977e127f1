defmodule Cantilever.TelemetryTest do
  use ExUnit.Case, async: true

  alias Cantilever.Telemetry

  doctest Cantilever.Telemetry

  describe "events/0" do
    test "are those of the documentation's table" do
      {:docs_v1, _, _, _, %{"en" => doc}, _, _} = Code.fetch_docs(Telemetry)
      rows = Regex.scan(~r/^\| `(\[:cantilever.*?\])` \|/m, doc, capture: :all_but_first)
      documented = for [row] <- rows, do: row |> Code.eval_string() |> elem(0)
      assert Enum.sort(documented) == Enum.sort(Telemetry.events())
    end
  end

  describe "without the library" do
    test "there are no events, and a batch is the same" do
      code = """
      {:ok, _} = Application.ensure_all_started(:cantilever)
      IO.inspect(Cantilever.Telemetry.loaded?())
      IO.inspect(Cantilever.Telemetry.execute([:cantilever, :nif, :slow], %{}, %{}))
      IO.inspect(Cantilever.DataProcessor.process_batch!(1..3, &(&1 + 1)))
      IO.inspect(Enum.take(Cantilever.DataProcessor.stream(1..3, &(&1 + 1)), 1))
      """

      assert Cantilever.ChildVM.run(code) == {"false\n:ok\n[2, 3, 4]\n[ok: 2]\n", 0}
    end
  end
end
