defmodule MyApp.ConsoleTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat
  alias Cantilever.Chat.UserConnection
  alias MyApp.Console

  setup do
    chat = Module.concat(__MODULE__, "Chat#{System.unique_integer([:positive])}")
    start_supervised!({Chat, name: chat})
    {:ok, device} = StringIO.open("")
    %{chat: chat, device: device, options: [chat: chat, device: device]}
  end

  # What a connection has been sent before it answers is on the device then.
  defp seen(chat, device, user_id) do
    {:ok, [connection]} = Chat.connections(chat, user_id)
    ["lobby"] = UserConnection.rooms(connection)
    {"", output} = StringIO.contents(device)
    for line <- String.split(output, "\n"), line =~ "[#{user_id}]", do: line
  end

  # The registry hears of an end a moment after it.
  defp until_none(chat, user_id) do
    case Chat.connections(chat, user_id) do
      {:ok, []} -> :ok
      {:ok, _closing} -> until_none(chat, user_id)
    end
  end

  describe "join/3" do
    test "shows what each user sees", %{chat: chat, device: device, options: options} do
      assert {:ok, %{seq: 0}} = Console.join("lobby", "ann", options)
      assert {:ok, %{seq: 0}} = Console.join("lobby", "bob", options)
      # The last member to be delivered to has it, and so have those before.
      {:ok, _watcher} = Chat.subscribe(chat, "lobby")

      assert {:ok, 1} = Chat.broadcast(chat, "lobby", "ann", %{text: "Hello, Bob!"})
      assert_receive {:cantilever_chat, "message", _message}
      assert seen(chat, device, "ann") == ["[ann] lobby #1 ann: Hello, Bob!"]
      assert seen(chat, device, "bob") == ["[bob] lobby #1 ann: Hello, Bob!"]
    end

    test "says what is wrong, and leaves no connection", %{chat: chat, options: options} do
      assert {:error, %Chat.Error{reason: :invalid_user_id}} = Console.join("lobby", "", options)
      assert {:error, %Chat.Error{reason: :invalid_room_id}} = Console.join("", "ann", options)
      assert :ok = until_none(chat, "ann")
    end
  end

  describe "push/3" do
    test "shows gaps, drops and what is no text", %{device: device} do
      message = %Chat.Message{room_id: "r", seq: 2, user_id: "u", at_ms: 0, json: "[1]"}
      Console.push({device, "ann"}, "message", message)
      Console.push({device, "ann"}, "gap", %{room_id: "r", from: 3, to: 5})
      Console.push({device, "ann"}, "dropped", %{room_id: "r", reason: :lagging, last_seq: 5})

      assert {"", output} = StringIO.contents(device)

      assert output == """
             [ann] r #2 u: [1]
             [ann] r: the messages 3 to 5 are not kept any more
             [ann] r: dropped
             """
    end

    test "is an error where the shell is gone", %{device: device} do
      {:ok, _contents} = StringIO.close(device)
      gap = %{room_id: "r", from: 3, to: 5}
      assert Console.push({device, "ann"}, "gap", gap) == {:error, :closed}
    end
  end
end
