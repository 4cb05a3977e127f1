defmodule MyApp.ApplicationTest do
  # The chat of the application itself.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO

  defp readme_lines(path) do
    [_all, block] = Regex.run(~r/```elixir\n(MyApp\.Console\.join.*?)```/s, File.read!(path))

    for line <- String.split(block, "\n", trim: true),
        not String.starts_with?(line, "#"),
        do: line
  end

  test "the tree is the one that is drawn" do
    assert MyApp.Supervisor
           |> Supervisor.which_children()
           |> Enum.map(&elem(&1, 0))
           |> Enum.sort() ==
             [MyApp.Chat, MyApp.Panel, MyApp.PictureMessages, MyApp.WebServer, MyApp.Work]
  end

  test "the databases are in the configured folder" do
    dir = MyApp.Application.data_dir()
    assert String.starts_with?(dir, System.tmp_dir!())
    assert {:ok, _messages} = Cantilever.Chat.history(MyApp.Chat, "lobby")
    assert File.exists?(Path.join(dir, "chat.db"))
  end

  test "the lines of the READMEs have two users talk" do
    for path <- ["README.md", "../../README.md"] do
      assert [_ann, _bob, _hello] = lines = readme_lines(path)

      output =
        capture_io(fn ->
          {:ok, _watcher} = Cantilever.Chat.subscribe(MyApp.Chat, "lobby")
          results = for line <- lines, do: line |> Code.eval_string() |> elem(0)
          assert [{:ok, %{seq: seq}}, {:ok, %{seq: seq}}, {:ok, number}] = results
          assert number == seq + 1
          assert_receive {:cantilever_chat, "message", %{seq: ^number}}

          for user <- ["ann", "bob"],
              {:ok, connections} = Cantilever.Chat.connections(MyApp.Chat, user),
              connection <- connections do
            # By then it has written what it was sent, and its name is free for the next file.
            _rooms = Cantilever.Chat.UserConnection.rooms(connection)
            :ok = Cantilever.Chat.UserConnection.close(connection)
          end
        end)

      assert output =~ ~r/^\[ann\] lobby #\d+ ann: Hello, Bob!$/m
      assert output =~ ~r/^\[bob\] lobby #\d+ ann: Hello, Bob!$/m
    end
  end
end
