for file <-
      ~w(load durability/ledger crashes/client crashes/victims crashes/witness crashes/crowd),
    do: Code.require_file("../../../bench/chat/#{file}.exs", __DIR__)

defmodule Cantilever.Chat.CrashesTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.Bench.Chat.Crowd
  alias Cantilever.Bench.Chat.Load
  alias Cantilever.Bench.Chat.Victims

  @moduletag :tmp_dir
  @moduletag :capture_log

  # Seldom enough that each of them is alone, and the load goes on between any two.
  @messages_between 20

  test "each part killed in turn under load costs nobody a message", %{tmp_dir: folder} do
    crowd = Crowd.start(folder, clients: 30, rooms: 5, rooms_per_client: 3, senders: 4, pause: 1)

    for _round <- 1..2, kind <- Victims.kinds() do
      eventually(fn -> Crowd.kill(crowd, kind) != :nobody end)
      before = Load.acknowledged(crowd.load)
      eventually(fn -> Load.acknowledged(crowd.load) >= before + @messages_between end)
    end

    found = Crowd.finish(crowd)
    assert found.examples == []
    assert found.missing == 0
    assert found.ledger.wrong == %{}, Enum.join(found.ledger.examples, "\n")
    assert found.same_shape?

    # What else ends: a room of which there were two for a moment, as its registry was away.
    for {reason, _times} <- found.ends,
        do: assert(reason in [:killed, :noproc, {:shard, :killed}, {:shutdown, :another_room}])
  end
end
