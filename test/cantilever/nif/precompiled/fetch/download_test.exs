defmodule Cantilever.Nif.Precompiled.Fetch.DownloadTest do
  use Cantilever.FetchCase, async: true

  describe "get/2 through a proxy" do
    test "sends it the whole address, and its user and password" do
      proxy = server({200, [], "through"})

      assert get(
               "http://files.example/a",
               env(%{"HTTP_PROXY" => "http://me:p%40ss@localhost:#{proxy.port}"})
             ) == {:ok, "through"}

      assert [%{target: "http://files.example/a", headers: headers}] = requests()
      assert headers["proxy-authorization"] == "Basic " <> Base.encode64("me:p@ss")
    end

    test "opens a tunnel for TLS, and checks the server at its end" do
      {tls, cacerts} = ArtifactServer.certificate()
      target = server({200, [], bytes()}, tls: tls)
      proxy = server({:tunnel, target.port})
      env = env(%{"https_proxy" => "http://me:pass@localhost:#{proxy.port}"})
      assert get(target.url, env ++ [cacerts: cacerts]) == {:ok, bytes()}

      assert [
               %{method: "CONNECT", headers: %{"proxy-authorization" => _}},
               %{method: "GET"} = inner
             ] = requests()

      refute Map.has_key?(inner.headers, "proxy-authorization")

      {tls, cacerts} = ArtifactServer.certificate("other.example")
      target = server({200, [], bytes()}, tls: tls)
      proxy = server({:tunnel, target.port})
      env = env(%{"https_proxy" => "http://localhost:#{proxy.port}"})
      assert {:error, message} = get(target.url, env ++ [cacerts: cacerts])
      assert message =~ "could not prove who it is"
    end

    test "says when the proxy wants a password" do
      proxy = server({407, [], ""})
      env = env(%{"HTTP_PROXY" => "http://localhost:#{proxy.port}"})
      assert {:error, message} = get("http://files.example/a", env)
      assert message =~ "the proxy answers 407 and wants a user and a password"

      {:ok, cacerts} = {:ok, elem(ArtifactServer.certificate(), 1)}
      env = env(%{"HTTPS_PROXY" => "http://localhost:#{proxy.port}"})
      assert {:error, message} = get("https://files.example/a", env ++ [cacerts: cacerts])
      assert message =~ ~r/proxy/
    end

    test "goes around it for the hosts that NO_PROXY names" do
      %{url: url} = server({200, [], "direct"})

      env = %{
        "HTTP_PROXY" => "http://localhost:#{ArtifactServer.closed_port()}",
        "NO_PROXY" => "example.com,localhost"
      }

      assert get(url, env(env)) == {:ok, "direct"}
    end
  end
end
