defmodule Cantilever.Nif.Precompiled.MirrorsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.Mirrors

  defmodule Releases do
    @spec url(String.t()) :: String.t()
    def url(archive), do: "https://a.example/api?file=" <> archive

    @spec private(String.t()) :: {String.t(), [{String.t(), String.t()}]}
    def private(archive), do: {url(archive), [{"authorization", "Bearer t"}]}

    @spec wrong(String.t()) :: atom()
    def wrong(_archive), do: :nowhere

    @spec unsigned(String.t()) :: {String.t(), [{String.t(), nil}]}
    def unsigned(archive), do: {url(archive) <> "&sig=s3cret", [{"authorization", nil}]}

    @spec failing(String.t()) :: no_return()
    def failing(_archive), do: raise("no s3cret")
  end

  describe "urls/2" do
    test "puts the archive behind the path, and leaves a query behind it" do
      assert Mirrors.urls("https://a.example/v1/", "lib.tar.gz") ==
               {:ok, [{"https://a.example/v1/lib.tar.gz", []}]}

      assert Mirrors.urls("https://a.example?k=v", "lib.tar.gz") ==
               {:ok, [{"https://a.example/lib.tar.gz?k=v", []}]}
    end

    test "keeps headers and the order of a list, and asks functions" do
      mirrors = [{"https://b.example", [{"x", "y"}]}, {Releases, :url}, {Releases, :private}]

      assert Mirrors.urls(mirrors, "lib") ==
               {:ok,
                [
                  {"https://b.example/lib", [{"x", "y"}]},
                  {"https://a.example/api?file=lib", []},
                  {"https://a.example/api?file=lib", [{"authorization", "Bearer t"}]}
                ]}
    end

    test "says what a function does that cannot be used" do
      assert {:error, message} = Mirrors.urls({Releases, :none}, "lib")
      assert message =~ ":base_url names #{inspect(Releases)}.none/1, which does not exist"
      assert {:error, message} = Mirrors.urls({Nowhere, :none}, "lib")
      assert message =~ "Nowhere.none/1"
      assert {:error, message} = Mirrors.urls({Releases, :wrong}, "lib")

      assert message =~
               "wrong/1, which the option :base_url names, returned what cannot be used: its URL is no string"
    end
  end

  describe "urls/2, of a function" do
    test "that returns what cannot be used, shows neither address nor headers" do
      assert {:error, message} = Mirrors.urls({Releases, :unsigned}, "lib")
      assert message =~ "unsigned/1, which the option :base_url names, returned"
      assert message =~ "the value of its header \"authorization\" is nil"
      refute message =~ "s3cret" or message =~ "a.example"
    end

    test "that raises, says so and where, but not what" do
      assert {:error, message} = Mirrors.urls({Releases, :failing}, "lib")
      assert message =~ "failing/1, which the option :base_url names, raised a RuntimeError in "
      assert message =~ ~r/mirrors_test\.exs:\d+\. Correct it/
      refute message =~ "s3cret"
    end
  end

  describe "valid?/1" do
    test "takes URLs, headers, functions and lists of them" do
      for mirrors <- [
            "https://a.example",
            "http://localhost:4000/a",
            {"https://a.example", [{"Authorization", "Bearer x"}]},
            {Releases, :url},
            ["https://a.example", {Releases, :url}]
          ],
          do: assert(Mirrors.valid?(mirrors))
    end

    test "refuses everything else" do
      for mirrors <- [
            nil,
            [],
            "a.example",
            "ftp://a.example",
            "https://",
            :releases,
            {"https://a.example", %{}},
            {"https://a.example", [{"a", "b\r\nc: d"}]},
            {"https://a.example", [{"a b", "c"}]},
            {"https://a.example", [{:a, "c"}]},
            ["https://a.example", nil]
          ],
          do: refute(Mirrors.valid?(mirrors))
    end
  end

  describe "declared/1" do
    test "tells what can be asked without running code, what cannot, and what is wrong" do
      url = "https://a.example"
      assert Mirrors.declared(nil) == []
      assert Mirrors.declared(url) == [url: {url, []}]

      assert Mirrors.declared([{url, [{'a', 'b'}, accept: "c"]}, {Releases, :url}]) == [
               url: {url, [{"a", "b"}, {"accept", "c"}]},
               unasked: "the function #{inspect(Releases)}.url/1, which is not called"
             ]

      for {mirror, flaw} <- [
            {{url, [{"a", {:system, "s3cret"}}]}, "header \"a\" is no string"},
            {{url, [{"a", "s3cret"} | :b]}, "headers are no list"},
            {{url, [{"a", ""}, {"b", nil}]}, "header \"b\" is nil"},
            {"s3cret", "its URL is none"},
            {1, "neither a URL nor a pair"},
            {["https://a" | "s3cret"], "does not end as a list"}
          ] do
        assert [{:wrong, text}] = Mirrors.declared(mirror)
        assert text =~ flaw
        refute text =~ "s3cret"
      end
    end
  end
end
