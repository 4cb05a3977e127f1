Code.require_file("../../../bench/responsiveness/json.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.JSONTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Responsiveness.JSON

  test "reads every kind of value" do
    for {text, value} <- [
          {"0", 0},
          {"-12", -12},
          {"1.5e-3", 0.0015},
          {"2E2", 200.0},
          {" { } ", %{}},
          {"[ ]", []},
          {~s({"a":{"b":[{}]}}), %{"a" => %{"b" => [%{}]}}},
          {~S("\"\\\/\b\f\n\r\t"), "\"\\/\b\f\n\r\t"},
          {~S("a\u00e9b"), "aéb"},
          {~S("\ud83d\ude00"), "😀"},
          {"\"\"", ""}
        ] do
      assert JSON.decode!(text) == value
    end
  end

  test "reads nothing else" do
    for text <- [
          "",
          "{",
          "[1,]",
          "{,}",
          "{\"a\" 1}",
          "[1 2]",
          "tru",
          "\"a",
          "\"\n\"",
          "1 1",
          "{\"a\":1,}"
        ] do
      assert_raise ArgumentError, fn -> JSON.decode!(text) end
    end
  end
end
