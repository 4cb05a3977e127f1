for file <- ~w(load durability/node durability/ledger durability/kills),
    do: Code.require_file("../../../bench/chat/#{file}.exs", __DIR__)

defmodule Cantilever.Chat.DurabilityTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Chat.Kills

  @moduletag :tmp_dir
  @moduletag :capture_log

  test "a node that is killed has stored all that it has acknowledged, once and in order", %{
    tmp_dir: folder
  } do
    moments = for count <- [10, 200, 60], do: {:acknowledged, count}
    ledger = Kills.run(folder, moments)
    assert ledger.wrong == %{}, Enum.join(ledger.examples, "\n")
    assert map_size(ledger.acknowledged) >= 270
  end
end
