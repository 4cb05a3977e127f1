defmodule Cantilever.Nif.Precompiled.Fetch.Download do
  @moduledoc false
  # One download through OTP's `:httpc`, with its redirects. Each request has a profile of its own, so the user's
  # settings of `:httpc` neither change nor apply, and nothing goes on when it is stopped.

  alias Cantilever.Nif.Precompiled.Fetch.{Answer, Failure, Handler, Link, Proxy, Tls}

  @max_redirects 5
  @connect_ms 15_000

  @spec run(Link.t(), map()) :: {:ok, binary()} | {:error, Failure.t()}
  def run(link, context) do
    Enum.each([:inets, :ssl], &start!/1)
    follow(link, @max_redirects, context)
  end

  defp follow(link, redirects, context) do
    case request(link, context) do
      {:redirect, _location} when redirects == 0 ->
        {:error, Failure.redirects(link, @max_redirects)}

      {:redirect, location} ->
        case Link.redirect(link, location) do
          {:ok, next} -> follow(next, redirects - 1, context)
          {:error, message} -> {:error, Failure.final(message)}
        end

      result ->
        result
    end
  end

  defp request(link, context) do
    with {:ok, proxy} <- Proxy.for_uri(link.uri, context.env),
         {:ok, tls} <- tls(link.uri, context) do
      in_profile(proxy, &exchange(link, http_options(proxy, tls), &1, context))
    else
      {:error, message} -> {:error, Failure.final("#{Link.show(link)} was not asked: #{message}")}
    end
  end

  defp exchange(link, http_options, profile, context) do
    headers =
      for {name, value} <- [{"user-agent", "cantilever"} | link.headers],
          do: {String.to_charlist(name), String.to_charlist(value)}

    request = {String.to_charlist(URI.to_string(link.uri)), headers}
    options = [sync: false, stream: {:self, :once}, body_format: :binary]

    case :httpc.request(:get, request, http_options, options, profile) do
      {:ok, id} -> {id, answer({profile, id}, link, context)}
      {:error, reason} -> {nil, {:error, Failure.reason(link, reason)}}
    end
  end

  defp answer(handler, link, context) do
    Answer.await(handler, link, context)
  after
    Handler.stop(handler)
  end

  defp tls(%URI{scheme: "https", host: host}, context),
    do: Tls.options(host, context.cacerts, context.env)

  defp tls(_uri, _context), do: {:ok, []}

  defp http_options(proxy, tls) do
    [autoredirect: false, connect_timeout: @connect_ms, ssl: tls] ++
      case proxy do
        %Proxy{auth: {user, password}} ->
          [proxy_auth: {String.to_charlist(user), String.to_charlist(password)}]

        _none ->
          []
      end
  end

  defp in_profile(proxy, fun) do
    profile = :"cantilever_fetch_#{System.unique_integer([:positive])}"
    {:ok, _pid} = :inets.start(:httpc, profile: profile)

    {id, result} =
      try do
        set_proxy(proxy, profile)
        fun.(profile)
      after
        :inets.stop(:httpc, profile)
      end

    Answer.flush(id)
    result
  end

  defp set_proxy(nil, _profile), do: :ok

  defp set_proxy(proxy, profile) do
    value = {{String.to_charlist(proxy.host), proxy.port}, []}
    :ok = :httpc.set_options([proxy: value, https_proxy: value], profile)
  end

  # Newer versions of Mix hide the applications that a project does not list, and have a function that shows them.
  defp start!(application) do
    if Code.ensure_loaded?(Mix) and function_exported?(Mix, :ensure_application!, 1),
      do: apply(Mix, :ensure_application!, [application]),
      else: {:ok, _started} = Application.ensure_all_started(application)
  end
end
