defmodule Cantilever.UnitsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Units

  describe "duration/1" do
    test "takes the unit that needs the fewest zeros, and three digits" do
      for {us, text} <- [
            {0, "0 µs"},
            {0.1, "100 ns"},
            {1, "1 µs"},
            {999, "999 µs"},
            {999.7, "1 ms"},
            {1_234, "1.23 ms"},
            {22_000, "22 ms"},
            {999_600, "1 s"},
            {134_000_000, "134 s"},
            {1_000_000_000, "1,000 s"},
            {-1_500, "-1.5 ms"}
          ],
          do: assert(Units.duration(us) == text)
    end
  end

  describe "time/1" do
    test "takes two digits where that will do" do
      for {us, text} <- [
            {240.2, "240 µs"},
            {999.6, "1 ms"},
            {3_749, "3.7 ms"},
            {5_020, "5 ms"},
            {22_345, "22 ms"},
            {999_600, "1 s"},
            {134_400_000, "134 s"}
          ],
          do: assert(Units.time(us) == text)
    end
  end

  describe "duration_ms/1" do
    test "takes milliseconds" do
      assert Units.duration_ms(22) == "22 ms"
      assert Units.duration_ms(134_000) == "134 s"
    end
  end

  describe "bytes/1 and count/1" do
    test "take decimal prefixes" do
      assert Units.bytes(4_210_000) == "4.21 MB"
      assert Units.bytes(0) == "0 B"
      assert Units.count(64_213) == "64.2 k"
      assert Units.count(140) == "140"
      assert Units.count(-2.5) == "-2.5"
    end

    test "take powers of ten for what no prefix reaches" do
      assert Units.count(1.0e100) == "1.0e100"
      assert Units.count(2.0e-9) == "2.0e-9"
    end
  end

  describe "number/1" do
    test "parts thousands, and drops digits that are noise" do
      assert Units.number(12_345) == "12,300"
      assert Units.number(1_234_567.8) == "1,230,000"
      assert Units.number(64.25) == "64.3"
      assert Units.number(0) == "0"
      assert Units.number(0.0123456) == "0.0123"
      assert Units.number(0.000123456) == "0.000123"
    end
  end

  describe "share/1 and percent/1" do
    test "write percentages" do
      assert Units.share(0.984) == "98 %"
      assert Units.share(1) == "100 %"
      assert Units.percent(50) == "50 %"
      assert Units.percent(99.9) == "99.9 %"
      assert Units.percent(99.9999999) == "99.9999999 %"
    end
  end
end
