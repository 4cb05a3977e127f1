Code.require_file("../../../bench/chat/crashes/client.exs", __DIR__)

defmodule Cantilever.Bench.Chat.ClientTest do
  use Cantilever.ChatCase, async: true

  alias Cantilever.Bench.Chat.Client

  @moduletag :capture_log

  setup %{chat: chat} do
    table = :ets.new(:connections, [:public])
    client = Client.start(chat, "ann", ["a", "b"], table)
    {:ok, client: client, table: table}
  end

  defp seen(client, room), do: Client.report(client).seen[room] |> elem(0)

  defp say(chat, client, number) do
    {:ok, ^number} = Chat.broadcast(chat, "a", "bob", number)
    eventually(fn -> seen(client, "a") == number end)
  end

  test "comes back when its connection is killed, with all that it has missed", context do
    %{chat: chat, client: client, table: table} = context
    say(chat, client, 1)
    [{"ann", connection}] = :ets.tab2list(table)
    kill(connection)
    say(chat, client, 2)
    assert %{wrong: 0, connections: 2} = Client.report(client)
  end

  test "notices what comes twice, what is left out, and a connection that ends by itself",
       context do
    %{chat: chat, client: client, table: table} = context
    say(chat, client, 1)
    {:ok, [message]} = Chat.history(chat, "a")
    send(client, {:cantilever_chat, "message", message})
    assert Client.report(client).wrong == 1
    send(client, {:cantilever_chat, "message", %{message | seq: 3}})
    assert Client.report(client).wrong == 2
    [{"ann", connection}] = :ets.tab2list(table)
    UserConnection.close(connection)
    eventually(fn -> Client.report(client).wrong == 3 end)
  end
end
