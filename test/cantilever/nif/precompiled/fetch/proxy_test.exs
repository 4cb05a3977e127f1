defmodule Cantilever.Nif.Precompiled.Fetch.ProxyTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.Fetch.Proxy

  defp proxy(url, env), do: Proxy.for_uri(URI.parse(url), &Map.get(env, &1))

  describe "for_uri/2" do
    test "is none without a variable, or with an empty one" do
      assert proxy("http://a.example/", %{}) == {:ok, nil}
      assert proxy("http://a.example/", %{"HTTP_PROXY" => ""}) == {:ok, nil}
    end

    test "goes by the scheme of the address" do
      env = %{"HTTP_PROXY" => "http://one:1", "https_proxy" => "http://two:2"}
      assert {:ok, %Proxy{host: "one", port: 1, auth: nil}} = proxy("http://a.example/", env)
      assert {:ok, %Proxy{host: "two", port: 2}} = proxy("https://a.example/", env)
    end

    test "takes user and password, which may be escaped" do
      assert {:ok, %Proxy{host: "p", port: 80, auth: {"me@here", "a:b"}}} =
               proxy("http://a.example/", %{"http_proxy" => "me%40here:a:b@p"})

      assert {:ok, %Proxy{auth: {"me", ""}}} =
               proxy("http://a/", %{"http_proxy" => "http://me@p"})
    end

    test "names the variable that is wrong, and not its value" do
      assert {:error, message} = proxy("http://a/", %{"HTTP_PROXY" => "socks5://me:secret@p:1"})
      assert message =~ "HTTP_PROXY names no proxy that can be used. Accepted: http://host:port"
      refute message =~ "secret"
    end

    for {list, url, direct?} <- [
          {"a.example", "http://a.example/", true},
          {"A.example", "http://a.EXAMPLE/", true},
          {"example", "http://a.example/", true},
          {".example", "http://a.example/", true},
          {"*.example", "http://a.example/", true},
          {"xample", "http://a.example/", false},
          {"b.example, a.example", "http://a.example/", true},
          {"a.example:8080", "http://a.example:8080/", true},
          {"a.example:8080", "http://a.example/", false},
          {"*", "http://a.example/", true},
          {"127.0.0.1", "http://127.0.0.1:4000/", true},
          {"", "http://a.example/", false},
          {".", "http://a.example/", false}
        ] do
      test "with NO_PROXY #{inspect(list)} #{if direct?, do: "goes around", else: "takes"} the proxy for #{url}" do
        for name <- ["NO_PROXY", "no_proxy"] do
          {:ok, proxy} =
            proxy(unquote(url), %{"HTTP_PROXY" => "http://p:1", name => unquote(list)})

          assert is_nil(proxy) == unquote(direct?)
        end
      end
    end
  end
end
