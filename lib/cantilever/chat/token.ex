defmodule Cantilever.Chat.Token do
  @moduledoc """
  Signed tokens that say who a user is, for a limited time.

      iex> secret = :crypto.strong_rand_bytes(32)
      iex> token = Cantilever.Chat.Token.sign(secret, "ada", ttl_s: 3_600)
      iex> Cantilever.Chat.Token.verify(secret, token)
      {:ok, "ada"}
      iex> Cantilever.Chat.Token.verify(:crypto.strong_rand_bytes(32), token)
      {:error, :invalid}

  A token is `BODY.SIGNATURE`, both in base 64 for URLs without padding: the body is a byte 1 (the version), the second since 1970 (UTC) at
  which it expires in 64 bits, and the user's id; the signature is the body's HMAC-SHA256 under the secret. Whoever has a token can read the id, and
  nobody without the secret can make one. It is no session: it cannot be taken back before it expires.
  """

  @version 1
  @least_secret 32
  @day_s 86_400

  @doc """
  Makes a token for a user.

  `secret` has at least 32 bytes, which nobody else knows; `:crypto.strong_rand_bytes(32)` makes one. `:ttl_s` is for how many seconds the token is good: 86400, a day, by
  default. Raises an `ArgumentError` for a short secret, and for a user id that no user of a chat has.
  """
  @spec sign(binary, String.t(), ttl_s: pos_integer) :: String.t()
  def sign(secret, user_id, options \\ []) do
    options = Keyword.validate!(options, ttl_s: @day_s)
    check_secret!(secret)

    with {:error, error} <- Cantilever.Chat.Arguments.user_id(user_id),
         do: raise(ArgumentError, Exception.message(error))

    unless is_integer(options[:ttl_s]) and options[:ttl_s] in 1..0xFFFFFFFF,
      do:
        raise(
          ArgumentError,
          "the option :ttl_s is a number of seconds from 1 to 2^32 - 1, got: #{inspect(options[:ttl_s])}"
        )

    body = <<@version, now_s() + options[:ttl_s]::64, user_id::binary>>
    encode(body) <> "." <> encode(signature(secret, body))
  end

  @doc """
  Returns the user of a token: `{:error, :expired}` if its time is over, and `{:error, :invalid}` for anything that was not made with this secret.
  """
  @spec verify(binary, term) :: {:ok, String.t()} | {:error, :invalid | :expired}
  def verify(secret, token) do
    check_secret!(secret)

    with true <- is_binary(token) and byte_size(token) <= 1_024,
         [body, signature] <- :binary.split(token, "."),
         {:ok, body} <- Base.url_decode64(body, padding: false),
         {:ok, <<_::256>> = signature} <- Base.url_decode64(signature, padding: false),
         true <- :crypto.hash_equals(signature, signature(secret, body)),
         <<@version, expires_s::64, user_id::binary>> <- body do
      if now_s() < expires_s, do: {:ok, user_id}, else: {:error, :expired}
    else
      _forged -> {:error, :invalid}
    end
  end

  @doc false
  @spec check_secret!(term) :: :ok
  def check_secret!(secret) when is_binary(secret) and byte_size(secret) >= @least_secret, do: :ok

  def check_secret!(_secret),
    do:
      raise(ArgumentError, "the secret of tokens is a binary of at least #{@least_secret} bytes")

  defp signature(secret, body), do: :crypto.mac(:hmac, :sha256, secret, body)
  defp encode(bytes), do: Base.url_encode64(bytes, padding: false)
  defp now_s, do: System.os_time(:second)
end
