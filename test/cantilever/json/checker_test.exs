defmodule Cantilever.JSON.CheckerTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON
  alias Cantilever.JSON.Checker
  alias Cantilever.Native.EveryCheckpoint

  describe "check/1" do
    test "agrees with decode/2, however the document is cut" do
      documents = [
        "1",
        ~s({"a": [1, 2.5e3, null, true, "\\u00e9 é \\ud83d\\ude00"], "a": -0}),
        "[#{String.duplicate("7", 3_000)}, \"#{String.duplicate("long ", 40_000)}\"]",
        "",
        " ",
        "[1,]",
        "[1e400]",
        ~s("\\ud800"),
        "\"\xff\"",
        "1 2",
        "tru",
        "\uFEFF1",
        String.duplicate("[", 1_025)
      ]

      for document <- documents,
          size <- [1, 7, 1_000_000],
          size > 1 or byte_size(document) < 100 do
        chunks = for <<chunk::binary-size(size) <- document>>, do: chunk
        rest = binary_part(document, byte_size(document), -rem(byte_size(document), size))

        case {Checker.check(chunks ++ [rest]), JSON.decode(document)} do
          {{:ok, bytes}, {:ok, _term}} ->
            assert bytes == byte_size(document)

          {{:error, checked}, {:error, decoded}} ->
            assert {checked.reason, checked.expected, checked.position} ==
                     {decoded.reason, decoded.expected, decoded.position}
        end
      end
    end

    test "says the same where each checkpoint ends a slice, and is for one document" do
      long = "[#{String.duplicate("[1, \"é\"], ", 2_000)}1"

      checker = EveryCheckpoint.json_checker_new(100)
      assert EveryCheckpoint.json_checker_feed(checker, long, false) == :more
      assert EveryCheckpoint.json_checker_feed(checker, "]", true) == :ok
      assert EveryCheckpoint.json_checker_feed(checker, "", true) == {:error, :unavailable}

      checker = EveryCheckpoint.json_checker_new(100)
      position = byte_size(long)

      assert {:error, :unexpected, _what, ^position, _before, "}"} =
               EveryCheckpoint.json_checker_feed(checker, long <> "}", true)
    end

    test "reads no further than to what is wrong" do
      chunks = Stream.concat(["[1", "x"], Stream.map([1], fn _ -> flunk("read on") end))
      assert {:error, %{position: 2}} = Checker.check(chunks)
    end
  end
end
