defmodule MyApp.PanelTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat
  alias MyApp.Panel

  setup context do
    chat = Module.concat(context.module, "Chat#{System.unique_integer([:positive])}")
    start_supervised!({Chat, name: chat})
    test = self()

    notify = fn chat, room, user_id, event, stats ->
      send(test, {:notified, chat, room, user_id, event, stats})
      :ok
    end

    panel = Module.concat(chat, Panel)

    start_supervised!(
      {Panel,
       name: panel, chat: chat, room: "figures", interval_ms: 5, idle_ms: 5, notify: notify}
    )

    %{chat: chat, panel: panel}
  end

  test "measures while somebody is in the room, and not before and after", context do
    %{chat: chat, panel: panel} = context
    assert probe(panel) == nil

    assert {:ok, _joined} = Chat.join(chat, "figures", "ada")
    assert_receive {:notified, ^chat, "figures", "node", "stats", stats}
    assert %{interval_ms: _ms, work: %{mode: _mode}, schedulers: [_ | _]} = stats

    assert_receive {:notified, _chat, _room, _user_id, "stats", %{probe: %{answers: answers}}}
                   when answers > 0

    probe = probe(panel)
    monitor = Process.monitor(probe)
    assert :ok = Chat.leave(chat, "figures", "ada")
    assert_receive {:DOWN, ^monitor, :process, ^probe, :normal}
    assert probe(panel) == nil
  end

  test "goes on when the chat is away for a moment", %{chat: chat, panel: panel} do
    assert {:ok, _joined} = Chat.join(chat, "figures", "ada")
    assert_receive {:notified, _chat, _room, _user_id, "stats", _stats}
    pid = Process.whereis(panel)
    :ok = stop_supervised(chat)
    assert eventually_resting(panel)
    start_supervised!({Chat, name: chat})
    assert {:ok, _joined} = Chat.join(chat, "figures", "ada")
    flush()
    assert_receive {:notified, _chat, _room, _user_id, "stats", _stats}
    assert Process.whereis(panel) == pid
  end

  test "names an option that it does not know" do
    assert_raise ArgumentError, ~r/:rooms/, fn -> Panel.start_link(rooms: []) end
  end

  defp probe(panel) do
    case :sys.get_state(panel) do
      %{watch: nil} -> nil
      %{watch: %{probe: probe}} -> probe
    end
  end

  defp eventually_resting(panel), do: probe(panel) == nil or eventually_resting(panel)

  defp flush do
    receive do
      {:notified, _chat, _room, _user_id, _event, _stats} -> flush()
    after
      0 -> :ok
    end
  end
end
