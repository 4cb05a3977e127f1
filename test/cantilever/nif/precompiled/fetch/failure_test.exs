defmodule Cantilever.Nif.Precompiled.Fetch.FailureTest do
  use Cantilever.FetchCase, async: true

  alias Cantilever.Nif.Precompiled.Fetch.{Failure, Link}

  describe "reason/2" do
    test "has words for settings that OTP refuses" do
      {:ok, link} = Link.new({"https://a.example/lib", []})

      for refused <- [{:options, :incompatible, [:verify]}, {:options, {:cacerts, []}}] do
        failure = Failure.reason(link, {:failed_connect, [{:inet, [:inet], refused}]})
        assert failure.message =~ "this OTP refuses the settings for TLS"
        refute failure.message =~ ~r"[{}]|:cacerts|:verify"
        refute failure.retry?
      end
    end
  end

  describe "get/2 says what is wrong, with the URL and what to do, about" do
    for {title, answer, text} <- [
          {"a file that is not there", {404, [], "Not Found"},
           ~r/ answers 404: there is no such file\. See that the release/},
          {"a file that is not for everybody", {403, [], ""},
           ~r/ answers 403: it does not allow this download\. Check the headers/},
          {"a server's fault", {503, [], "busy"},
           ~r/ answers 503: the server is busy or has a fault\. Try again later/},
          {"another answer", {418, [], ""}, ~r/ answers 418, which is not the file/},
          {"a web page", {200, [{"content-type", "text/html; charset=utf-8"}], "<p>Sign in"},
           ~r/ answers with a web page instead of the file/},
          {"a web page that claims to be a file",
           {200, [{"content-type", "application/gzip"}], "\n<!DOCTYPE html><p>"},
           ~r/ answers with a web page/},
          {"a redirect to nowhere", {302, [], ""}, ~r/ answers 302, which is not the file/},
          {"a redirect to what is no web server", {302, [{"location", "ftp://localhost/a"}], ""},
           ~r/redirects to "ftp:\/\/localhost\/a", which is no address/},
          {"no HTTP at all", {:raw, "220 mail ESMTP\r\n"},
           ~r/(gave no valid answer|closed the connection)/}
        ] do
      test title do
        %{url: url} = server(unquote(Macro.escape(answer)))
        assert {:error, message} = get(url)
        assert message =~ url
        assert message =~ unquote(Macro.escape(text))
        refute message =~ ~r/[{}]/
      end
    end

    test "a body that is shorter than announced" do
      head = ArtifactServer.head(200, [{"content-length", "1000"}])
      assert {:error, message} = get(server({:raw, [head, "abc"]}).url)

      assert message =~
               "announced 1000 bytes and broke off: the file is truncated"
    end

    test "chunks that end too early" do
      head = ArtifactServer.head(200, [{"transfer-encoding", "chunked"}])
      assert {:error, message} = get(server({:raw, [head, "ff\r\nabc"]}).url)
      assert message =~ "closed the connection before the whole file was there"
    end

    test "a reset in the middle of the body" do
      head = ArtifactServer.head(200, [{"content-length", "1000"}])
      assert {:error, message} = get(server({:raw_then_reset, [head, "abc"]}).url)
      assert message =~ "announced 1000 bytes and broke off"
    end

    test "a server that falls silent" do
      head = ArtifactServer.head(200, [{"content-length", "1000"}])
      assert {:error, message} = get(server({:raw_then_wait, [head, "abc"]}).url, idle_ms: 100)
      assert message =~ "sent nothing for 0 seconds"
      assert {:error, message} = get(server({:raw_then_wait, ""}).url, idle_ms: 100)
      assert message =~ "sent nothing for 0 seconds"
    end

    test "a port on which nobody listens" do
      assert {:error, message} = get("http://localhost:#{ArtifactServer.closed_port()}/a")
      assert message =~ "was not reached: the connection was refused"
    end

    test "a host that does not exist" do
      assert {:error, message} = get("http://no-such-host.invalid/a")

      assert message =~
               "http://no-such-host.invalid/a was not reached: its host's name is not known"
    end

    test "what is no URL" do
      for url <- ["artifacts/a", "ftp://host/a", "http:///a", "http://a b/"] do
        assert {:error, message} = get(url)
        assert message =~ "#{inspect(url)} is no URL that starts with http:// or https://"
      end

      assert {:error, "there is no URL" <> _} = get([])
    end

    test "what is no URL for the marks in its password, and shows nothing of that" do
      for mark <- ~w(/ @ ? #) do
        assert {:error, message} = get("http://user:s3#{mark}cret@host/a")
        refute message =~ "cret" or message =~ "s3"
        assert message =~ "host"
      end
    end
  end
end
