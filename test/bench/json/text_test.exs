for file <- ~w(made text), do: Code.require_file("../../../bench/json/#{file}.exs", __DIR__)

defmodule Cantilever.Bench.JSON.TextTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.{Made, Text}

  defp written(document, options \\ []), do: IO.iodata_to_binary(Text.write(document, options))

  test "without white space" do
    assert written([{"a", [1, true, nil, "é"]}, {"b", :empty}, {"c", []}]) ==
             ~s({"a":[1,true,null,"é"],"b":{},"c":[]})
  end

  test "indented, with the colon that is asked for" do
    assert written([{"a", [{"b", 1}]}, {"c", [2]}], indent: 2, colon: ":") ==
             "{\n  \"a\":{\n    \"b\":1\n  },\n  \"c\":[\n    2\n  ]\n}"
  end

  test "what needs it is escaped, and what is verbatim is not" do
    assert written(["\"\\\n", {:verbatim, "1.50"}]) == ~S(["\"\\\n",1.50])
  end

  test "made-up parts are of the length and the range that is asked for" do
    for key <- 1..50 do
      assert Made.between(key, -3..3) in -3..3
      assert Made.between(key, 10_000_000_000..10_000_000_001) in [10_000_000_000, 10_000_000_001]
      assert String.length(Made.japanese(key, 7)) == 7
      assert Made.hex(key, 9) =~ ~r/^[0-9a-f]{9}$/
    end

    assert Made.words(:none, 0) == ""
    assert length(String.split(Made.words(:some, 4))) == 4
  end
end
