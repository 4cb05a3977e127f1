defmodule Cantilever.Nif.Precompiled.ProgressTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureIO

  alias Cantilever.Nif.Precompiled.Progress

  defp shown(event, terminal? \\ false),
    do: capture_io(fn -> Progress.show(event, "lib.tar.gz", terminal?) end)

  describe "show/3" do
    test "names what is fetched, and from where" do
      assert shown({:start, "https://a.example/lib.tar.gz"}) =~
               "Fetching https://a.example/lib.tar.gz\n"

      assert shown({:start, "https://a.example/api"}) =~
               "Fetching lib.tar.gz from https://a.example/api\n"
    end

    test "says why it waits" do
      assert shown({:retry, "a fault", 5_600}) =~ "a fault. Asking again in 5 seconds"
    end

    test "draws on a terminal only, and leaves nothing behind" do
      assert shown({:bytes, 1, 2}) == ""
      assert "\r" <> line = shown({:bytes, 1_000_000, 4_000_000}, true)
      assert line =~ "#######....................... 1.0 of 4.0 MB"
      assert capture_io(fn -> Progress.clear(true) end) =~ ~r/\A\r +\r\z/
      assert capture_io(fn -> Progress.clear(false) end) == ""
    end
  end

  describe "text/2" do
    test "does without what is not known" do
      assert Progress.text(1_500_000, nil) == "1.5 MB"
      assert Progress.text(0, 0) =~ "0.0 of 0.0 MB"
    end
  end
end
