defmodule Cantilever.Responsiveness.UnitsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Units

  test "a time comes in the unit that fits it, with a decimal only where it tells something" do
    for {us, text} <- [
          {0, "0 µs"},
          {240, "240 µs"},
          {999.4, "999 µs"},
          {999.9, "1 ms"},
          {3_700, "3.7 ms"},
          {4_000, "4 ms"},
          {9_990, "10 ms"},
          {22_400, "22 ms"},
          {999_400, "999 ms"},
          {999_600, "1 s"},
          {1_250_000, "1.3 s"},
          {134_000_000, "134 s"}
        ] do
      assert Units.time(us) == text
    end
  end
end
