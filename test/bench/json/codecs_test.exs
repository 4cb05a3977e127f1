Code.require_file("../../../bench/json/codecs.exs", __DIR__)

defmodule Cantilever.Bench.JSON.CodecsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.Codecs

  # A codec of one document, which it may get wrong.
  defp codec(key, decoded, encoded \\ "[1]") do
    %{
      key: key,
      name: "#{key}",
      floor?: false,
      packed: fn text, _term -> text end,
      decode: fn "[1]" -> decoded end,
      encode: fn [1] -> encoded end
    }
  end

  test "the floor is always there, and is none of JSON" do
    floor = List.last(Codecs.available())
    assert %{key: :floor, floor?: true} = floor
    assert Codecs.of_json([floor]) == []
    packed = floor.packed.("[1]", [1])
    assert floor.decode.(packed) == [1]
    assert floor.encode.([1]) == packed
  end

  test "those of JSON that are there agree on a document" do
    text = ~s({"a":[1,1.5,"é",true,null,{}]})
    codecs = Codecs.available()

    if Codecs.of_json(codecs) != [] do
      assert Codecs.check!(codecs, "it", text) == %{"a" => [1, 1.5, "é", true, nil, %{}]}
    end
  end

  test "jiffy's results are those that count" do
    assert %{key: :jiffy} = Codecs.reference([codec(:kit, [1]), codec(:jiffy, [1])])
    assert %{key: :kit} = Codecs.reference([codec(:kit, [1]), codec(:jason, [1])])
    assert_raise RuntimeError, ~r/no JSON codec/, fn -> Codecs.reference([]) end
  end

  test "who makes something else of a document is named" do
    message = "kit decodes it differently"

    for wrong <- [[1.0], [2]] do
      assert_raise RuntimeError, message, fn ->
        Codecs.check!([codec(:jiffy, [1]), codec(:kit, wrong)], "it", "[1]")
      end
    end
  end
end
