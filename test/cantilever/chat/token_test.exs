defmodule Cantilever.Chat.TokenTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Token

  doctest Token

  @secret String.duplicate("s", 32)

  test "a token is good until it expires" do
    assert Token.verify(@secret, Token.sign(@secret, "ada")) == {:ok, "ada"}
    assert Token.verify(@secret, expired("ada")) == {:error, :expired}
  end

  test "nothing but what was signed passes" do
    token = Token.sign(@secret, "ada")
    [body, signature] = String.split(token, ".")
    {:ok, bytes} = Base.url_decode64(body, padding: false)

    other_user = Base.url_encode64(String.replace(bytes, "ada", "bob"), padding: false)

    for forged <- [
          other_user <> "." <> signature,
          body <> ".",
          "." <> signature,
          body,
          token <> "x",
          token <> "." <> signature,
          "",
          nil,
          1,
          String.duplicate("a", 5_000),
          body <> "." <> Base.url_encode64(<<0::256>>, padding: false)
        ],
        do: assert(Token.verify(@secret, forged) == {:error, :invalid})

    for n <- 0..(byte_size(token) - 1), token |> changed(n) |> differs?(token) do
      assert Token.verify(@secret, changed(token, n)) == {:error, :invalid}
    end
  end

  test "the secret and the options are checked" do
    assert_raise ArgumentError, ~r/at least 32 bytes/, fn -> Token.sign("short", "ada") end
    assert_raise ArgumentError, ~r/at least 32 bytes/, fn -> Token.verify("short", "x") end
    assert_raise ArgumentError, ~r/user id/, fn -> Token.sign(@secret, "") end
    assert_raise ArgumentError, ~r/:ttl_s/, fn -> Token.sign(@secret, "ada", ttl_s: 0) end
  end

  # As `Token` makes them, with a time that is over.
  defp expired(user_id) do
    body = <<1, System.os_time(:second) - 1::64, user_id::binary>>
    signature = :crypto.mac(:hmac, :sha256, @secret, body)
    Enum.map_join([body, signature], ".", &Base.url_encode64(&1, padding: false))
  end

  defp changed(token, n) do
    <<before::binary-size(n), byte, rest::binary>> = token
    <<before::binary, if(byte == ?A, do: ?B, else: ?A), rest::binary>>
  end

  # The last digit of a number in base 64 may have bits that say nothing.
  defp differs?(changed, token), do: bytes(changed) != bytes(token)

  defp bytes(token),
    do: token |> String.split(".") |> Enum.map(&Base.url_decode64(&1, padding: false))
end
