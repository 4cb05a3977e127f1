Code.require_file("../../../bench/json/floors.exs", __DIR__)

defmodule Cantilever.Bench.JSON.FloorsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.Floors

  test "the documents are in files for as long as they are needed" do
    [path] =
      Floors.in_files(%{"a" => "[1]"}, fn [{"a", path}] ->
        assert File.read!(path) == "[1]"
        [path]
      end)

    refute File.exists?(path)
  end

  test "figures of both directions are told apart" do
    output = "serde_json decode 1 20\nserde_json encode 0 30\n"

    assert Floors.parse(output, ["a", "b"]) == %{
             decode: %{{"serde_json", "b"} => 20},
             encode: %{{"serde_json", "a"} => 30}
           }
  end
end
