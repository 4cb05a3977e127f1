for file <- ~w(load durability/ledger),
    do: Code.require_file("../../../bench/chat/#{file}.exs", __DIR__)

defmodule Cantilever.Bench.Chat.LedgerTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Chat.Ledger
  alias Cantilever.Bench.Chat.Load
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Store
  alias Cantilever.DatabaseWorker

  @moduletag :tmp_dir

  setup %{tmp_dir: folder} do
    chat = :"ledger_test_#{System.unique_integer([:positive])}"
    spec = {Store.SQLite, path: Path.join(folder, "ledger.db")}
    for child <- Store.child_specs(chat, spec), do: start_supervised!(child)
    {:ok, store: Store.new(chat, spec), worker: Module.concat(chat, Database), folder: folder}
  end

  # One room, one user whose messages have no ids.
  defp wrong(context, stored, lines, change \\ nil) do
    entries =
      for number <- stored do
        json = Cantilever.JSON.encode!(Load.payload("ann", number))
        %Entry{room_id: "a", user_id: "ann", json: json}
      end

    {:ok, _stored} = Store.append(context.store, entries)
    if change, do: DatabaseWorker.query!(context.worker, change)
    log = Path.join(context.folder, "ledger.log")
    File.write!(log, for(line <- lines, do: [String.replace(line, " ", "\t"), "\n"]))

    (Ledger.new(["a"], [{"ann", 1, false}])
     |> Ledger.read(log)
     |> Ledger.compare(context.worker)).wrong
  end

  @all ["sent a 0 ann 1", "acknowledged a 1 ann 1", "sent a 0 ann 2", "acknowledged a 2 ann 2"]

  test "finds nothing where all is there", context do
    assert wrong(context, [1, 2], @all) == %{}
  end

  test "finds what is missing", context do
    assert wrong(context, [1], @all) == %{missing: 1}
  end

  test "finds what has another number", context do
    assert %{misplaced: 2} = wrong(context, [2, 1], @all)
  end

  test "finds what was stored twice", context do
    assert wrong(context, [1, 2, 2], @all) == %{twice: 1}
  end

  test "finds what nobody has sent", context do
    assert wrong(context, [1], []) == %{strange: 1}
  end

  test "finds gaps in a room", context do
    change = "UPDATE cantilever_messages SET seq = 3 WHERE seq = 2"
    assert %{disorder: 2} = wrong(context, [1, 2], ["sent a 0 ann 2"], change)
  end

  test "finds gaps in what was delivered", context do
    lines = ["sent a 0 ann 3", "delivered a 1 ann 1", "delivered a 3 ann 3"]
    assert wrong(context, [1, 2, 3], lines) == %{disorder: 1}
  end

  test "leaves out a line that was cut off", context do
    File.write!(
      Path.join(context.folder, "cut.log"),
      "sent\ta\t0\tann\t1\nacknowledged\ta\t1\tan"
    )

    ledger = Ledger.new(["a"], []) |> Ledger.read(Path.join(context.folder, "cut.log"))
    assert {ledger.acknowledged, ledger.sent} == {%{}, %{"ann" => 1}}
  end
end
