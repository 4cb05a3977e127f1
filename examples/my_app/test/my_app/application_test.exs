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

  test "the page, its figures and tokens are served, and the secret is kept" do
    port = Cantilever.WebServer.port(MyApp.WebServer)

    assert {200, page} = get(port, "/")
    assert page =~ "js/main.js"
    assert {200, _script} = get(port, "/js/main.js")
    assert {200, _metrics} = get(port, "/metrics")
    assert {404, _none} = get(port, "/../mix.exs")
    assert {400, refused} = get(port, "/token")
    assert Cantilever.JSON.decode!(refused)["reason"] == "invalid_user_id"

    assert {200, answer} = get(port, "/token?user_id=ada%20l")
    secret = MyApp.Secret.fetch!(Path.join(MyApp.Application.data_dir(), "secret"))
    token = Cantilever.JSON.decode!(answer)["token"]
    assert Cantilever.Chat.Token.verify(secret, token) == {:ok, "ada l"}
  end

  defp get(port, target) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false])

    :ok =
      :gen_tcp.send(
        socket,
        "GET #{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
      )

    ["HTTP/1.1 " <> <<status::binary-size(3)>> <> _head, body] =
      socket |> read_all("") |> String.split("\r\n\r\n", parts: 2)

    {String.to_integer(status), body}
  end

  defp read_all(socket, read) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, more} -> read_all(socket, read <> more)
      {:error, :closed} -> read
    end
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
