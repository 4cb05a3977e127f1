defmodule Cantilever.JSON.DecoderTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}
  alias Cantilever.JSON.{DecodeError, Decoder}

  doctest Decoder

  defp decode(chunks, options \\ []) do
    decoder = Decoder.new(options)

    Enum.reduce_while(chunks, :more, fn chunk, :more ->
      case Decoder.feed(decoder, chunk) do
        :more -> {:cont, :more}
        error -> {:halt, error}
      end
    end)
    |> case do
      :more -> Decoder.finish(decoder)
      error -> error
    end
  end

  test "a document is the same in chunks of any length" do
    for seed <- 1..100 do
      :rand.seed(:exsss, seed)
      value = JSONDocuments.value()
      document = IO.iodata_to_binary(JSONDocuments.write(value))

      for most <- [1, 7, 100, 10_000] do
        chunks = JSONDocuments.cut(document, most)
        assert {seed, most, decode(chunks)} == {seed, most, {:ok, value}}
      end
    end
  end

  test "what is wrong is told as for the whole, as soon as it is there" do
    for document <- [
          "[1, 2,]",
          "{\"a\" 1}",
          "\"\\uD800x\"",
          "\"\xFF\"",
          "01",
          "[1e400]",
          "[nulx",
          "\uFEFF[]"
        ] do
      assert {:error, whole} = JSON.decode(document)
      assert {:error, error} = decode(JSONDocuments.cut(document, 1))
      assert {document, error.reason, error.position} == {document, whole.reason, whole.position}
    end

    document = "{\"abc\": [1, 2, x]}"
    assert {:error, whole} = JSON.decode(document)
    assert {:error, %{before: before}} = decode(JSONDocuments.cut(document, 1))
    assert before == whole.before

    decoder = Decoder.new()
    assert {:error, %DecodeError{position: 1}} = Decoder.feed(decoder, "[x")
    assert_raise ArgumentError, ~r/has ended or was wrong/, fn -> Decoder.feed(decoder, "1]") end
  end

  test "every prefix ends too early" do
    document =
      ~S( {"a": [1, -2.5e3, "x\n\u00e9\uD83D\uDE00é", true, null, {}], "é€": {"b": [[0]]}})

    for length <- 0..(byte_size(document) - 1) do
      chunks = document |> binary_part(0, length) |> JSONDocuments.cut(5)
      assert {:error, %{position: ^length, reason: :unexpected}} = decode(chunks)
    end
  end

  test "a document has no end before it is finished" do
    decoder = Decoder.new()
    assert Decoder.feed(decoder, "12") == :more
    assert Decoder.feed(decoder, ["3", " "]) == :more
    assert {:error, %{position: 4}} = Decoder.feed(decoder, "4")

    decoder = Decoder.new()
    assert Decoder.feed(decoder, "[]") == :more
    assert Decoder.finish(decoder) == {:ok, []}
    assert_raise ArgumentError, fn -> Decoder.finish(decoder) end
  end

  test "the options hold" do
    assert decode([~S({"ke), ~S(ys":1})], keys: :atoms!) == {:ok, %{keys: 1}}
    assert {:error, %{reason: :too_deep}} = decode(["[", "[", "["], max_depth: 2)

    assert {:error, %{reason: :too_many_bytes, position: 5}} =
             decode(["[1,2", ",3", ",4]"], max_bytes: 5)

    assert {:error, %{reason: :duplicate_key}} =
             decode([~S({"a":1,), ~S("a":2})], duplicates: :error)
  end

  test "long tokens and large maps come in chunks of any length" do
    text = String.duplicate("aé😀", 100_000)
    digits = String.duplicate("1234567890", 5_000)
    members = Enum.map_join(1..5_000, ",", &~s("key #{&1}":#{&1}))

    document =
      ~s({"text":"#{text}","digits":#{digits},"map":{#{members}},"list":[#{String.duplicate("1,", 5_000)}1]})

    assert {:ok, whole} = JSON.decode(document)
    assert whole["text"] == text

    for most <- [997, 100_000, 1_000_000] do
      assert decode(JSONDocuments.cut(document, most)) == {:ok, whole}
    end
  end

  test "a decoder is for one process at a time" do
    decoder = Decoder.new()
    assert Decoder.feed(decoder, "[1") == :more
    large = String.duplicate(",1", 5_000_000)
    test = self()

    spawn_link(fn ->
      send(test, :feeding)
      send(test, {:fed, Decoder.feed(decoder, large)})
    end)

    assert_receive :feeding
    wait_until_busy(decoder)
    assert_receive {:fed, :more}, 60_000
    assert Decoder.feed(decoder, "]") == :more
    assert {:ok, list} = Decoder.finish(decoder)
    assert length(list) == 5_000_001
  end

  defp wait_until_busy(decoder) do
    Cantilever.Eventually.eventually(fn ->
      try do
        Decoder.feed(decoder, "")
        false
      rescue
        error in ArgumentError -> error.message =~ "another process feeds it right now"
      end
    end)
  end

  test "who dies feeding it leaves it unusable, and its memory free" do
    before = :erlang.memory(:total)

    for _ <- 1..10 do
      decoder = Decoder.new()

      {pid, monitor} =
        spawn_monitor(fn -> Decoder.feed(decoder, ["[1" | List.duplicate(",1", 2_000_000)]) end)

      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, _, _, :killed}
    end

    :erlang.garbage_collect()
    Cantilever.Eventually.eventually(fn -> :erlang.memory(:total) < before + 30_000_000 end)
  end
end
