defmodule Cantilever.Nif.Precompiled.FetchTest do
  use Cantilever.FetchCase, async: true

  alias Cantilever.Nif.Precompiled.Fetch

  describe "get/2" do
    test "gives the bytes, with the headers of the URL, and tells of its progress" do
      %{url: url} = server({200, [], bytes()})
      assert get({url, [{"PRIVATE-TOKEN", "secret"}]}) == {:ok, bytes()}

      assert [%{method: "GET", target: "/lib.so.tar.gz", headers: headers}] = requests()
      assert %{"private-token" => "secret", "user-agent" => "cantilever"} = headers
      assert_received {:event, {:start, ^url}}
      size = byte_size(bytes())
      assert_received {:event, {:bytes, ^size, ^size}}
    end

    test "takes a body in chunks, and an empty one" do
      chunked = [
        ArtifactServer.head(200, [{"transfer-encoding", "chunked"}]),
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      ]

      assert get(server({:raw, chunked}).url) == {:ok, "abcde"}
      assert get(server({200, [], ""}).url) == {:ok, ""}
    end

    test "signs in with the user and the password of the URL, and keeps them to itself" do
      %{port: port} = server({404, [], ""})
      assert {:error, message} = get("http://user:pass%21@localhost:#{port}/a?signature=secret")
      assert [%{headers: %{"authorization" => authorization}}] = requests()
      assert authorization == "Basic " <> Base.encode64("user:pass!")
      refute message =~ "pass"
      refute message =~ "secret"
    end

    test "leaves the user's own httpc and the mailbox as they were" do
      {:ok, _} = Application.ensure_all_started(:inets)
      before = :httpc.get_options(:all)
      manager = Process.whereis(:httpc_manager)
      assert {:ok, _} = get(server({200, [], "a"}).url)
      assert :httpc.get_options(:all) == before
      assert Process.whereis(:httpc_manager) == manager

      refute_received {:http, _}
    end
  end

  describe "get/2, with a limit on the size," do
    test "does not begin with a body that announces more" do
      head = ArtifactServer.head(200, [{"content-length", "1001"}])
      assert {:error, message} = get(server({:raw_then_wait, head}).url, max_bytes: 1000)
      assert message =~ "sends more than the 1000 bytes that a file may have"
    end

    test "cuts off a body that does not say its length" do
      body = [ArtifactServer.head(200, []), :binary.copy("a", 5_000_000)]
      assert {:error, message} = get(server({:raw_then_wait, body}).url, max_bytes: 1_000_000)
      assert message =~ "sends more than the 1000000 bytes"
    end

    test "cuts off whatever else goes on and on, and has it end" do
      part = :binary.copy("a", 1_000_000)
      {tls, cacerts} = ArtifactServer.certificate()

      for {head, message} <- [
            {ArtifactServer.head(404, []), "answers with a great deal that is not the file"},
            {ArtifactServer.head(302, [{"location", "/a"}]), "answers with a great deal"},
            {["HTTP/1.1 200 OK\r\n", "x: "], "answers with a great deal"},
            {[
               ArtifactServer.head(200, [{"transfer-encoding", "chunked"}]),
               "7fffffff\r\n"
             ], "sends more than the 1000000 bytes"}
          ],
          options <- [[], [tls: tls]] do
        %{url: url} = server({:raw_on_and_on, head, part, self()}, options)
        assert {:error, text} = get(url, max_bytes: 1_000_000, cacerts: cacerts)
        assert text =~ message
        assert_receive {:nobody_listens, _server}, 5_000
      end
    end

    test "takes a body of just that size" do
      assert get(server({200, [], bytes()}).url, max_bytes: byte_size(bytes())) == {:ok, bytes()}
      assert {:error, _} = get(server({200, [], bytes()}).url, max_bytes: byte_size(bytes()) - 1)
    end
  end

  describe "get/2 follows redirects" do
    test "that are relative, and keeps the headers on the same host" do
      %{url: url} =
        server(fn
          %{target: "/lib.so.tar.gz"}, _ -> {302, [{"location", "/elsewhere?token=1"}], ""}
          %{target: "/elsewhere?token=1"}, _ -> {200, [], "a"}
        end)

      assert get({url, [{"authorization", "secret"}]}) == {:ok, "a"}
      assert [_, %{headers: %{"authorization" => "secret"}}] = requests()
    end

    test "to another host without the headers that tell who asks" do
      %{url: other} = server({200, [], "a"})
      %{url: url} = server({307, [{"location", other}], ""})

      headers = [
        {"Authorization", "secret"},
        {"private-token", "secret"},
        {"Accept", "application/gzip"}
      ]

      assert get({url, headers}) == {:ok, "a"}
      assert [%{headers: first}, %{headers: second}] = requests()
      assert %{"authorization" => "secret", "private-token" => "secret"} = first
      assert second["accept"] == "application/gzip"
      refute Map.has_key?(second, "authorization")
      refute Map.has_key?(second, "private-token")
    end

    test "five times" do
      hop = fn most ->
        fn request, _ ->
          hop =
            request.target
            |> String.trim_leading("/")
            |> Integer.parse()
            |> then(&((&1 == :error && 0) || elem(&1, 0)))

          if hop == most, do: {200, [], "a"}, else: {302, [{"location", "/#{hop + 1}"}], ""}
        end
      end

      assert get(server(hop.(5)).url) == {:ok, "a"}
      assert {:error, message} = get(server(hop.(6)).url)
      assert message =~ "redirects more than 5 times"
    end
  end

  describe "get/2, with mirrors," do
    test "takes the first that has the file, and asks no other" do
      first = server({404, [], ""})
      second = server({200, [], "a"})
      third = server({200, [], "b"})
      assert get([first.url, second.url, third.url]) == {:ok, "a"}
      assert length(requests()) == 2
      assert pauses() == []
    end

    test "goes on to the next when one resets in the middle of the body" do
      head = ArtifactServer.head(200, [{"content-length", "1000"}])
      first = server({:raw_then_reset, [head, "abc"]})
      second = server({200, [], "a"})
      assert get([first.url, second.url]) == {:ok, "a"}
    end

    test "lists what is wrong with each" do
      first = server({404, [], ""})
      second = server({500, [], ""})
      assert {:error, message} = get([first.url, second.url])

      assert message =~
               ~r/\Ano mirror gives the file:\n  \* \S+ answers 404.*\n  \* \S+ answers 500/
    end
  end

  describe "get/2, with retries," do
    test "asks again, after pauses of more than 30 seconds in all by default" do
      %{url: url} = server({503, [], ""})

      assert {:error, message} =
               Fetch.get([{url, []}], pause: &send(self(), {:paused, &1}), env: fn _ -> nil end)

      assert message =~ "answers 503" and message =~ "(after 4 tries)"
      assert length(requests()) == 4
      assert [first, second, third] = pauses()
      assert first in 5_000..6_250 and second in 10_000..12_500 and third in 20_000..25_000
    end

    test "gives the file when it is there at last, and says why it waits" do
      answer = fn _request, count -> if count < 2, do: {503, [], ""}, else: {200, [], "a"} end
      %{url: url} = server(answer)
      assert get(url, max_retries: 2) == {:ok, "a"}
      assert [first, _second] = pauses()
      assert_received {:event, {:retry, message, ^first}}
      assert message =~ "answers 503"
    end

    test "asks each mirror once in a round, and those that have not the file not again" do
      first = server({404, [], ""})
      second = server({503, [], ""})
      assert {:error, message} = get([first.url, second.url], max_retries: 2)
      assert message =~ "answers 404" and message =~ "answers 503"

      assert requests() |> Enum.frequencies_by(& &1.headers["host"]) ==
               %{"localhost:#{first.port}" => 1, "localhost:#{second.port}" => 3}
    end

    test "waits for nothing when asking again cannot help" do
      assert {:error, message} = get(server({404, [], ""}).url, max_retries: 3)
      refute message =~ "tries"
      assert pauses() == []
    end
  end

  describe "pause_ms/2" do
    test "doubles up to a minute, and adds up to a quarter" do
      assert for(retry <- 1..6, do: Fetch.pause_ms(retry, 0.0)) == [
               5_000,
               10_000,
               20_000,
               40_000,
               60_000,
               60_000
             ]

      assert Fetch.pause_ms(1, 1.0) == 6_250
    end
  end
end
