defmodule Cantilever.Nif.Precompiled.Fetch.Link do
  @moduledoc false
  # An address with the headers that go to it, and where a redirect leads from there. Pure.

  @enforce_keys [:uri, :headers]
  defstruct [:uri, :headers]

  @type t :: %__MODULE__{uri: URI.t(), headers: [{String.t(), String.t()}]}

  # Headers that say nothing about who asks, and so may follow to another host.
  @impersonal ~w(accept accept-language user-agent)

  @spec new({String.t(), [{String.t(), String.t()}]}) :: {:ok, t()} | {:error, String.t()}
  def new({url, headers}) do
    case URI.new(url) do
      {:ok, %URI{scheme: scheme, host: host} = uri}
      when scheme in ["http", "https"] and is_binary(host) and host != "" ->
        {:ok,
         %__MODULE__{uri: %{uri | userinfo: nil, fragment: nil}, headers: headers} |> sign_in(uri)}

      _other ->
        {:error,
         "#{inspect(hide_broken(url))} is no URL that starts with http:// or https:// and names a host"}
    end
  end

  # Nothing that begins under TLS goes on without it. Headers that tell who asks, whatever they are called, are for the
  # host that they were meant for.
  @spec redirect(t(), String.t()) :: {:ok, t()} | {:error, String.t()}
  def redirect(%__MODULE__{uri: from, headers: headers} = link, location) do
    with {:ok, reference} <- URI.new(location),
         {:ok, %{uri: to} = next} <- new({URI.to_string(URI.merge(from, reference)), headers}) do
      cond do
        from.scheme == "https" and to.scheme != "https" ->
          {:error,
           "#{show(link)} redirects to #{show(next)}, which is not protected by TLS. Ask who runs the server to " <>
             "redirect to https, or change the option :base_url"}

        origin(from) == origin(to) ->
          {:ok, next}

        true ->
          {:ok, %{next | headers: Enum.filter(next.headers, &impersonal?/1)}}
      end
    else
      {:error, _reason} ->
        {:error,
         "#{show(link)} redirects to #{inspect(hide_broken(location))}, which is no address of a web server. " <>
           "Check the option :base_url"}
    end
  end

  # For messages: passwords and signatures stand in the parts that are left out.
  @spec show(t()) :: String.t()
  def show(%__MODULE__{uri: uri}), do: hide(URI.to_string(uri))

  # The user and the password of a link stand in a header.
  defp hide(url), do: String.replace(url, ~r/[?#].*/s, "")

  # Where the password of what is no URL ends is not certain, as it may hold any of the marks.
  defp hide_broken(url), do: url |> String.replace(~r{//.*@}s, "//") |> hide()

  defp sign_in(link, %URI{userinfo: nil}), do: link

  defp sign_in(link, %URI{userinfo: userinfo}) do
    header = {"authorization", "Basic " <> Base.encode64(URI.decode(userinfo))}
    %{link | headers: [header | link.headers]}
  end

  defp origin(uri), do: {uri.scheme, String.downcase(uri.host), uri.port}

  defp impersonal?({name, _value}), do: String.downcase(name) in @impersonal
end
