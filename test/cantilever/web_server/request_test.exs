defmodule Cantilever.WebServer.RequestTest do
  use ExUnit.Case, async: true

  alias Cantilever.WebServer.Request

  @limits %{max_target_bytes: 90, max_header_bytes: 300}

  defp read(text), do: Request.read(text, 0, @limits)
  defp get(target), do: read("GET #{target} HTTP/1.1\r\nhost: a\r\n\r\n")

  defp with_headers(lines),
    do: read("GET / HTTP/1.1\r\n" <> Enum.map_join(lines, &(&1 <> "\r\n")) <> "\r\n")

  describe "host?/2" do
    test "compares the host, in any case and at any port" do
      for {host, is?} <- [
            {"a.example", true},
            {"A.Example:80", true},
            {"a.example:", true},
            {"[::1]", true},
            {"[::1]:4000", true},
            {"", false},
            {":80", false},
            {"a.example:8x", false},
            {"a.example:80:90", false},
            {"a.example.", false},
            {"a.example.evil", false},
            {"evil.a.example", false},
            {"::1", false}
          ] do
        {:ok, request, ""} = with_headers(["host: " <> host])
        assert {host, Request.host?(request, ["a.example", "[::1]"])} == {host, is?}
        assert Request.host?(request, :any)
      end

      {:ok, request, ""} = read("GET / HTTP/1.0\r\n\r\n")
      assert Request.host?(request, ["a.example"])
    end
  end

  describe "params/1" do
    test "are the query's, decoded" do
      for {query, params} <- [
            {"", %{}},
            {"&&", %{}},
            {"a", %{"a" => ""}},
            {"a=1&b=2", %{"a" => "1", "b" => "2"}},
            {"a=1=2&=3", %{"a" => "1=2", "" => "3"}},
            {"a=1&a=2", %{"a" => "2"}},
            {"a=1+2", %{"a" => "1 2"}},
            {"%61=%C3%A9&b=%2B", %{"a" => "é", "b" => "+"}}
          ] do
        assert {:ok, request, ""} = get("/?" <> query)
        assert {query, Request.params(request)} == {query, {:ok, params}}
      end

      for query <- ["a=%FF", "%FF=1", "a=%C3", "a=\xff", "\xff=1"] do
        assert {:ok, request, ""} = get("/?" <> query)
        assert {query, Request.params(request)} == {query, :error}
      end
    end
  end

  describe "lists?/3" do
    test "finds an element of a list, in any case" do
      for {value, has?} <- [
            {"Upgrade", true},
            {"upgrade", true},
            {"keep-alive, Upgrade", true},
            {"keep-alive,UPGRADE\t, x", true},
            {"upgrade,", true},
            {"keep-alive Upgrade", false},
            {"upgrades", false},
            {"up grade", false},
            {"", false}
          ] do
        {:ok, request, ""} = with_headers(["host: a", "connection: " <> value])
        assert {value, Request.lists?(request, "connection", "upgrade")} == {value, has?}
      end

      {:ok, request, ""} = with_headers(["host: a"])
      refute Request.lists?(request, "connection", "upgrade")
    end
  end

  describe "read/3" do
    test "reads a request, and leaves what comes after it" do
      assert {:ok, request, "rest"} =
               read(
                 "GET /a%20b/?x=1&y=%20 HTTP/1.1\r\nHost: a:80\r\nX-MIXED-Case-Of-A-Long-Name: 1 \t\r\n" <>
                   "Sec-WebSocket-Key: k\r\nx-empty:\r\nx-many: 1\r\nX-Many: 2\r\n\r\nrest"
               )

      assert %{method: "GET", path: "/a b/", query: "x=1&y=%20", version: {1, 1}} = request

      assert request.headers == %{
               "host" => "a:80",
               "x-mixed-case-of-a-long-name" => "1",
               "sec-websocket-key" => "k",
               "x-empty" => "",
               "x-many" => "1, 2"
             }

      assert Request.params(request) == {:ok, %{"x" => "1", "y" => " "}}
    end

    test "reads the target that names a host, which is the host of the request" do
      for {target, host, path, query} <- [
            {"http://a", "a", "/", ""},
            {"http://a/", "a", "/", ""},
            {"HTTP://Localhost:4000/health?x=1", "Localhost:4000", "/health", "x=1"},
            {"https://[::1]:4000/a%20b", "[::1]:4000", "/a b", ""},
            {"http://a?x=http://b/", "a", "/", "x=http://b/"},
            {"http://a:80:90//b", "a:80:90", "//b", ""}
          ] do
        assert {:ok, request, "rest"} = read("GET #{target} HTTP/1.1\r\nhost: other\r\n\r\nrest")

        assert %{path: ^path, query: ^query, headers: %{"host" => ^host}} = request
      end

      assert {:ok, %{headers: %{"host" => "a"}}, ""} = read("GET http://a/ HTTP/1.0\r\n\r\n")

      for target <- [
            "http://",
            "http:///a",
            "http://:80/",
            "http://u@a/",
            "http://u:p@a/a",
            "http://a#b"
          ],
          do: assert({target, get(target)} == {target, {:error, 400}})

      assert {:error, 400} = read("GET http://a/ HTTP/1.1\r\n\r\n")
      assert {:error, 400} = read("GET http://a/ HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n")
      assert {:error, 414} = get("http://a/" <> String.duplicate("a", 90))
    end

    test "asks for more until the empty line" do
      whole = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"
      last = byte_size(whole) - 1
      for length <- 0..last, do: assert(read(binary_part(whole, 0, length)) == :more)
      for seen <- 0..last, do: assert({:ok, _request, ""} = Request.read(whole, seen, @limits))
    end

    test "refuses what is too long" do
      long = String.duplicate("a", 100)
      assert {:error, 414} = get("/" <> long)
      assert {:error, 414} = read("GET /" <> String.duplicate("a", 300))

      assert {:error, 431} =
               with_headers(["host: a", "x: " <> long, "y: " <> long, "z: " <> long])

      assert {:error, 431} =
               read("GET / HTTP/1.1\r\nhost: a\r\nx: " <> String.duplicate("a", 300))
    end

    test "refuses what is no request" do
      for target <- ["*", "a", "ab", "/a b", "a:80", "ftp://a/", "ws://a/", "http:", "http:/a"],
          do: assert({target, get(target)} == {target, {:error, 400}})

      assert {:error, 400} = read(<<22, 3, 1, 2, 0, "\r\n\r\n">>)

      for line <- ["x", "x : 1", ": 1", "x y: 1"],
          do: assert({line, with_headers(["host: a", line])} == {line, {:error, 400}})
    end

    test "refuses lines that others would see as more or fewer" do
      for line <- [" x: 1", "\tx: 1", "x: a\rb", "x: a\nb: c", "x: a\0b", "x: a\r\n folded"],
          do: assert({line, with_headers(["host: a", line])} == {line, {:error, 400}})

      assert {:error, 400} = read("GET / HTTP/1.1\nhost: a\n\nGET /b HTTP/1.1\r\n\r\n")
      assert {:error, 400} = read("GET / HTTP/1.1\nx: \r1\r\nhost: a\r\n\r\n")
    end

    test "refuses a request without a host, or with two" do
      assert {:error, 400} = with_headers([])
      assert {:error, 400} = with_headers(["host: a", "Host: a"])
      assert {:ok, _request, ""} = read("GET / HTTP/1.0\r\n\r\n")
    end

    test "refuses a body, however it is hidden" do
      for lines <- [
            ["content-length: 1"],
            ["content-length: 0", "Content-Length: 0"],
            ["content-length: 0", "content-length: 5"],
            ["content-length: 0, 5"],
            ["content-length: +0"],
            ["content-length: -1"],
            ["content-length: 0x0"],
            ["content-length: "],
            ["transfer-encoding: chunked"],
            ["transfer-encoding: identity"],
            ["Transfer-Encoding: xchunked"],
            ["content-length: 0", "transfer-encoding: chunked"]
          ] do
        assert {:error, status} = with_headers(["host: a" | lines])
        assert status in [400, 413]
      end

      assert {:ok, _request, ""} = with_headers(["host: a", "content-length: 0"])
    end
  end
end
