Code.require_file("../../../bench/responsiveness/json.exs", __DIR__)
Code.require_file("../../../bench/json/corpora.exs", __DIR__)

defmodule Cantilever.Bench.JSON.CorporaTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.Corpora
  alias Cantilever.Bench.Responsiveness.JSON

  # {bytes, share of white space, share of bytes that are not ASCII} of the files that the documents stand for.
  @originals %{
    "twitter" => {631_514, 0.27, 0.15},
    "canada" => {2_251_051, 0.0, 0.0},
    "citm_catalog" => {1_727_204, 0.71, 0.0},
    "github" => {55_528, 0.15, 0.0},
    "blockchain" => {17_942, 0.25, 0.0},
    "utf-8-escaped" => {26_862, 0.08, 0.0},
    "utf-8-unescaped" => {14_268, 0.14, 0.71}
  }

  setup_all do
    made = Corpora.made()
    %{made: made, terms: Map.new(made, fn {name, text} -> {name, JSON.decode!(text)} end)}
  end

  defp share(text, counted?) do
    count = for <<byte <- text>>, counted?.(byte), reduce: 0, do: (count -> count + 1)
    count / byte_size(text)
  end

  test "there is a document for each name, as large as the file that it stands for", %{made: made} do
    assert Enum.sort(Map.keys(made)) == Enum.sort(Corpora.names())

    for {name, text} <- made do
      {bytes, _space, _unicode} = Map.fetch!(@originals, name)
      assert_in_delta byte_size(text) / bytes, 1, 0.12, name
    end
  end

  test "white space and Unicode take the shares that they have there", %{made: made} do
    for {name, text} <- made do
      {_bytes, space, unicode} = Map.fetch!(@originals, name)
      assert_in_delta share(text, &(&1 in ~c" \n")), space, 0.08, name
      assert_in_delta share(text, &(&1 > 127)), unicode, 0.2, name
    end
  end

  test "they are the same each time", %{made: made} do
    assert Corpora.made() == made
  end

  test "they have the structure of their kind", %{terms: terms} do
    assert %{"statuses" => statuses, "search_metadata" => %{"count" => 100}} = terms["twitter"]
    assert length(statuses) == 100
    assert Enum.any?(statuses, &is_map_key(&1, "retweeted_status"))
    assert %{"user" => %{"entities" => %{"description" => %{"urls" => []}}}} = hd(statuses)

    assert %{"features" => [%{"geometry" => %{"coordinates" => polygons}}]} = terms["canada"]
    assert [x, y] = polygons |> hd() |> hd()
    assert is_float(x) and is_float(y)

    assert %{"performances" => performances, "events" => events} = terms["citm_catalog"]
    assert {243, 184} == {length(performances), map_size(events)}
    assert %{"prices" => [%{"amount" => _} | _]} = hd(performances)

    assert [%{"files" => files} | _] = terms["github"]
    assert map_size(files) == 1
    assert %{"txs" => [%{"inputs" => [_], "out" => [_, _]} | _]} = terms["blockchain"]
  end

  test "a coordinate has up to 17 digits, and nearly all have 15 or more", %{made: made} do
    digits = for [number] <- Regex.scan(~r/\d+\.\d+/, made["canada"]), do: byte_size(number) - 1

    assert Enum.max(digits) == 17
    assert Enum.count(digits, &(&1 >= 15)) / length(digits) > 0.95
  end

  test "the escaped and the unescaped string are the same", %{made: made, terms: terms} do
    assert terms["utf-8-escaped"] == terms["utf-8-unescaped"]
    assert made["utf-8-escaped"] |> String.to_charlist() |> Enum.all?(&(&1 < 128))
  end

  test "the message of the chat is JSON of a hundred bytes" do
    assert byte_size(Corpora.message()) == 100
    assert [_, _, "room:lobby", "new_msg", %{"body" => _}] = JSON.decode!(Corpora.message())
  end

  test "a document is repeated until it is large enough" do
    text = Corpora.repeated("[1]", 10)
    assert byte_size(text) >= 10
    assert [[1] | _] = JSON.decode!(text)
  end

  @tag :tmp_dir
  test "files are read, and a missing one is named", %{tmp_dir: folder} do
    for name <- Corpora.names(), do: File.write!(Path.join(folder, name <> ".json"), name)
    assert Corpora.read!(folder)["github"] == "github"

    File.rm!(Path.join(folder, "canada.json"))
    error = assert_raise ArgumentError, fn -> Corpora.read!(folder) end
    assert error.message =~ ~r/missing: \S+canada.json$/
  end
end
