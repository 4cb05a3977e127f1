Code.require_file("../../../bench/responsiveness/records.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.RecordsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Responsiveness.Records

  test "the checksum takes fields from all depths" do
    record =
      ~s({"id": 1000, "kind": "abc", "note": "é", "tags": ["a"], "lines": [1, 2], "paid": true, ) <>
        ~s("origin": {"street": "12345"}, "amount": 2.05})

    assert Records.decode(record) == {1, 1000 + 3 + 2 + 1 + 2 + 1 + 5 + 205}
  end

  test "fields that a record does not have count nothing" do
    assert Records.decode(~s({"id": 7, "kind": "order"}\n)) == {1, 12}
  end

  test "empty lines are no records" do
    assert Records.decode("\n{\"id\": 1}\n\n{\"id\": 2}\n") == {2, 3}
    assert Records.decode("") == {0, 0}
  end
end
