for file <-
      ~w(load durability/node durability/ledger durability/kills durability/outage durability/full_disk durability/hostile),
    do: Code.require_file("../../../bench/chat/#{file}.exs", __DIR__)

defmodule Cantilever.Chat.DurabilityTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Chat.FullDisk
  alias Cantilever.Bench.Chat.Hostile
  alias Cantilever.Bench.Chat.Kills
  alias Cantilever.Bench.Chat.Node
  alias Cantilever.Bench.Chat.Outage

  @moduletag :tmp_dir
  @moduletag :capture_log

  test "a node that is killed has stored all that it has acknowledged, once and in order", %{
    tmp_dir: folder
  } do
    moments = for count <- [10, 200, 60], do: {:acknowledged, count}
    ledger = Kills.run(folder, moments)
    right!(ledger)
    assert map_size(ledger.acknowledged) >= 270
  end

  # Senders hear of it, what is there can be read, nothing is lost, and what comes after it is stored: or else this would not end.
  describe "goes on after" do
    test "a disk that was full", %{tmp_dir: folder} do
      fill = fn disk ->
        Outage.run(folder, Path.join(disk, "full.db"), fn -> FullDisk.fill(disk) end, &File.rm!/1)
      end

      case FullDisk.with_disk(folder, fill) do
        {:ok, found} ->
          right!(found.ledger)
          assert {:ok, [_ | _]} = found.read

        # Where nothing can be mounted, there is no disk to fill.
        {:left_out, _why} ->
          :ok
      end
    end

    test "a database that another program had locked", %{tmp_dir: folder} do
      for from_the_start? <- [false, true] do
        database = Path.join(folder, "locked #{from_the_start?}.db")
        lock = fn -> lock(database) end
        found = Outage.run(folder, database, lock, &Node.kill/1, from_the_start: from_the_start?)
        right!(found.ledger)
        # There is nothing to read where there is no table yet.
        assert from_the_start? or match?({:ok, [_ | _]}, found.read)
      end
    end
  end

  test "stores nothing that is wrong, and everything else as it is", %{tmp_dir: folder} do
    found = Hostile.run(folder)
    assert found.unexpected == []
    assert found.stored == 0
    assert found.changed == []
  end

  defp right!(ledger), do: assert(ledger.wrong == %{}, Enum.join(ledger.examples, "\n"))

  defp lock(database) do
    node = Node.start({:lock, database})
    :ok = Node.wait(node, &(&1 == "locked"))
    node
  end
end
