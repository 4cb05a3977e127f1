defmodule Cantilever.JSON.Tool.PlaceTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON.Tool.Input
  alias Cantilever.JSON.Tool.Place

  @moduletag :tmp_dir

  defp find(text, position) do
    input = %Input{name: "a", source: {:text, text}, bytes: byte_size(text)}
    place = Place.find(input, position)
    {place.line, place.column, place.excerpt}
  end

  describe "find/2" do
    test "counts lines and characters, and shows the line" do
      assert find("[1]", 0) == {1, 1, "  [1]\n  ^"}
      assert find("ab\ncde\nf", 5) == {2, 3, "  cde\n    ^"}
      assert find("ab\n", 3) == {2, 1, "  \n  ^"}
      assert find("é€x", 5) == {1, 3, "  é€x\n    ^"}
      assert find("\t\0\xffx\r\n", 3) == {1, 4, "    �x\n     ^"}
    end

    test "shows no more of a long line than fits" do
      text = String.duplicate("é", 100_000)
      {1, 50_001, excerpt} = find(text, 100_000)
      assert excerpt == "  …#{String.duplicate("é", 60)}…\n  #{String.duplicate(" ", 31)}^"
    end

    test "reads a file again", %{tmp_dir: dir} do
      path = Path.join(dir, "a")
      File.write!(path, [String.duplicate("line\n", 100_000), "the end"])
      {:ok, input} = Input.open(path, false)
      place = Place.find(input, 500_004)
      assert {place.line, place.column} == {100_001, 5}
      assert place.excerpt == "  the end\n      ^"
    end
  end

  describe "in_line/3" do
    test "is the same for a line that is at hand" do
      assert Place.in_line("[é,]", 7, 4) == %Place{line: 7, column: 4, excerpt: "  [é,]\n     ^"}
      assert Place.message(Place.in_line("x", 7, 0), "a", "wrong") == "a:7:1: wrong\n  x\n  ^"
    end
  end
end
