defmodule MyApp.WebTest do
  use MyApp.PicturesCase, async: true

  alias MyApp.Web
  alias MyApp.Work

  @secret "/path/of/the/secret"

  setup context do
    work = Module.concat(context.chat, Work)
    job = fn -> receive do: (:return -> :ok) end
    start_supervised!({Work, name: work, jobs: %{yielding: job, plain: job}})
    %{work: work}
  end

  defp push(context, event, payload, room_id \\ "lobby") do
    Web.push(
      %{chat: context.chat, room_id: room_id, user_id: "ada", event: event, payload: payload},
      pictures: context.pictures,
      work: context.work
    )
  end

  describe "push/2" do
    test "posts a picture, and gives it and its thumbnail back", context do
      png = fixture("gradient.png")
      assert {:ok, %{id: id, seq: seq}} = push(context, "picture", {:binary, png})
      assert_receive {:cantilever_chat, "message", %{seq: ^seq, user_id: "ada"}}
      assert {:ok, {:binary, ^png}} = push(context, "picture_full", %{"id" => id})
      assert {:ok, {:binary, "RIFF" <> _webp}} = push(context, "thumbnail", %{"id" => id})
    end

    test "says what is wrong with a picture", context do
      assert {:error, {:unsupported_format, _message}} =
               push(context, "picture", {:binary, "no picture"})

      assert {:error, {:malformed, _message}} = push(context, "picture", %{"id" => 1})

      for event <- ["thumbnail", "picture_full"] do
        assert {:error, {:not_found, _message}} = push(context, event, %{"id" => "none"})
        assert {:error, {:not_found, _message}} = push(context, event, %{"id" => %{}})
        assert {:error, {:malformed, _message}} = push(context, event, %{})
        assert {:error, {:malformed, _message}} = push(context, event, {:binary, "id"})
      end
    end

    test "starts and stops work, for those in the panel's room", context do
      assert {:ok, %{mode: :yielding, callers: 2, by: "ada"}} =
               push(context, "work", %{"mode" => "yielding", "callers" => 2}, "panel")

      assert {:ok, %{mode: :yielding}} = push(context, "work_status", %{}, "panel")
      assert {:ok, %{mode: nil}} = push(context, "stop_work", %{}, "panel")
      assert %{mode: nil} = Work.status(context.work)
    end

    test "refuses work that there is not, and work from elsewhere", context do
      for payload <- [%{"mode" => "lazy", "callers" => 1}, %{"mode" => "yielding"}, [], nil, 1] do
        assert {:error, {:malformed, message}} = push(context, "work", payload, "panel")
        assert message =~ "dirty, elixir, plain, yielding"
      end

      for callers <- [0, "2", 1.5, 10 ** 100] do
        assert {:error, {:invalid_work, _message}} =
                 push(context, "work", %{"mode" => "yielding", "callers" => callers}, "panel")
      end

      for event <- ["work", "stop_work", "work_status"] do
        assert {:error, {:unknown_event, message}} =
                 push(context, event, %{"mode" => "yielding", "callers" => 1})

        assert message =~ ~s("panel")
      end
    end

    test "knows no other event", context do
      assert {:error, {:unknown_event, message}} = push(context, "dance", %{})
      assert message =~ ~s("dance")
    end
  end

  describe "token/2" do
    test "is for who asks, under the name without the blanks around it", %{tmp_dir: dir} do
      secret = Path.join(dir, "secret")
      assert {200, headers, body} = Web.token(%{params: %{"user_id" => " ada "}}, secret)
      assert {"cache-control", "no-store"} in headers
      assert %{"token" => token} = Cantilever.JSON.decode!(IO.iodata_to_binary(body))
      assert Cantilever.Chat.Token.verify(MyApp.Secret.fetch!(secret), token) == {:ok, "ada"}
    end

    test "refuses what is no name" do
      for params <- [
            %{},
            %{"user_id" => ""},
            %{"user_id" => "  "},
            %{"user_id" => <<255>>},
            %{"user_id" => String.duplicate("a", 256)},
            %{"user_id" => ["ada"]}
          ] do
        assert {400, headers, body} = Web.token(%{params: params}, @secret)
        assert {"content-type", "application/json"} in headers

        assert %{"reason" => "invalid_user_id"} =
                 Cantilever.JSON.decode!(IO.iodata_to_binary(body))
      end
    end
  end

  describe "server/1" do
    test "serves the page, the socket and tokens, at this machine alone unless told otherwise" do
      options = Web.server(port: 0, secret: @secret)
      assert options[:ip] == {127, 0, 0, 1}
      assert File.exists?(Path.join(options[:static], "index.html"))
      assert {Cantilever.Chat.Socket, socket} = options[:sockets]["/chat/websocket"]
      assert socket[:relay] == ["typing"]
      assert %{"/token" => {Web, :token, [@secret]}} = options[:routes]
    end

    test "needs a port and a secret" do
      assert_raise KeyError, ~r/:port/, fn -> Web.server(secret: @secret) end
      assert_raise KeyError, ~r/:secret/, fn -> Web.server(port: 0) end
    end
  end

  describe "the page" do
    test "takes nothing from elsewhere, and needs no exception to its policy but pictures from blobs" do
      static = Web.server(port: 0, secret: @secret)[:static]
      files = Path.wildcard(Path.join(static, "**/*.{html,svg,js,css}"))
      # The client is as npm gives it; it asks for nothing by itself.
      files = Enum.reject(files, &(&1 =~ "/vendor/"))
      assert length(files) > 10

      for file <- files do
        text = File.read!(file)
        addresses = Regex.scan(~r{https?://[^"'\s)]+}, text)
        assert addresses -- [["http://www.w3.org/2000/svg"]] == [], file
        refute text =~ ~r/innerHTML|insertAdjacentHTML|document\.write|eval\(/, file
      end

      html = File.read!(Path.join(static, "index.html"))
      assert html =~ ~s(content="default-src 'self'; img-src 'self' blob:")
      refute html =~ ~r/<style|\sstyle=|\son[a-z]+=/
      assert Regex.scan(~r/<script[^>]*>[^<]/, html) == []
    end
  end
end
