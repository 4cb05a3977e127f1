defmodule Cantilever.JSON.DecodingSlicesTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}
  alias Cantilever.JSON.DecodeOptions
  alias Cantilever.Native.EveryCheckpoint

  # Reads with slices that each checkpoint ends.
  defp decode(document, options \\ []) do
    tag = make_ref()

    case EveryCheckpoint.json_decode_long(document, DecodeOptions.for_native(options), tag) do
      :sent -> receive do: ({^tag, term} -> term)
      term_or_failure -> term_or_failure
    end
  end

  defp feed(document, most) do
    decoder = EveryCheckpoint.json_decoder_new(nil, false)
    tag = make_ref()

    for chunk <- JSONDocuments.cut(document, most),
        do: :more = EveryCheckpoint.json_decoder_feed(decoder, chunk, false, tag)

    :sent = EveryCheckpoint.json_decoder_feed(decoder, "", true, tag)
    receive do: ({^tag, term} -> term)
  end

  test "a document is the same when every checkpoint ends the slice" do
    for seed <- 1..100 do
      :rand.seed(:exsss, seed)
      value = for _ <- 1..20, do: JSONDocuments.value()
      document = IO.iodata_to_binary(JSONDocuments.write(value))
      assert {seed, decode(document)} == {seed, value}
      assert {seed, feed(document, 5_000)} == {seed, value}
      ordered = [objects: :ordered, duplicates: :error]
      assert decode(document, ordered) == JSON.decode!(document, ordered)
    end
  end

  test "so are long tokens, long lists and large maps" do
    text = String.duplicate("aé😀", 200_000)
    escaped = String.replace(text, "é", "\\u00e9")
    members = Enum.map_join(1..5_000, ",", &~s("key #{&1}":#{&1}))
    digits = String.duplicate("1234567890", 5_000)

    for document <- [
          ~s("#{text}"),
          ~s(["#{escaped}", "#{text}"]),
          ~s({#{members}}),
          ~s({#{members},#{members}}),
          "[#{Enum.map_join(1..50_000, ",", &Integer.to_string/1)}]",
          "[#{digits}, 0.#{digits}]"
        ] do
      assert decode(document) == JSON.decode!(document)
      assert feed(document, 100_000) == JSON.decode!(document)
    end
  end

  test "errors are the same, too" do
    for wrong <- ["x", "\"\xFF\"", ~S("\ud800"), "1e400", "01"] do
      document = "[#{String.duplicate("1,", 10_000)}#{wrong}]"
      assert {:error, reason, _, position, _, _} = decode(document)
      assert {:error, %{reason: ^reason, position: ^position}} = JSON.decode(document)
    end
  end

  test "a caller that is collected between the slices gets the same" do
    document = "[#{Enum.map_join(1..20_000, ",", &~s({"id":#{&1}}))}]"
    test = self()
    {pid, monitor} = spawn_monitor(fn -> send(test, {:length, length(decode(document))}) end)
    Cantilever.Collecting.collect_until_dead(pid)
    assert_receive {:DOWN, ^monitor, _, _, :normal}, 60_000
    assert_receive {:length, 20_000}
  end
end
