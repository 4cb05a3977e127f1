defmodule Cantilever.Nif.Precompiled.Fetch.Proxy do
  @moduledoc false
  # Which proxy the environment names for an address. Pure, but for the lookup that it is given.

  @enforce_keys [:host, :port]
  defstruct [:host, :port, :auth]

  @type t :: %__MODULE__{
          host: String.t(),
          port: :inet.port_number(),
          auth: {String.t(), String.t()} | nil
        }

  @spec for_uri(URI.t(), (String.t() -> String.t() | nil)) ::
          {:ok, t() | nil} | {:error, String.t()}
  def for_uri(%URI{scheme: scheme, host: host, port: port}, env) do
    with {name, value} <- variable("#{scheme}_proxy", env),
         false <- exempt?(String.downcase(host), port, variable("no_proxy", env)) do
      parse(name, value)
    else
      _none -> {:ok, nil}
    end
  end

  defp variable(name, env) do
    Enum.find_value([String.upcase(name), name], fn name ->
      value = env.(name)
      value not in [nil, ""] && {name, value}
    end)
  end

  defp parse(name, value) do
    url = if value =~ "://", do: value, else: "http://" <> value

    case URI.new(url) do
      {:ok, %URI{scheme: "http", host: host, port: port, userinfo: userinfo}}
      when is_binary(host) and host != "" ->
        {:ok, %__MODULE__{host: host, port: port, auth: auth(userinfo)}}

      # The value is not shown: it may hold a password.
      _other ->
        {:error,
         "the environment variable #{name} names no proxy that can be used. " <>
           "Accepted: http://host:port or http://user:password@host:port"}
    end
  end

  defp auth(nil), do: nil

  defp auth(userinfo) do
    [user | password] = String.split(userinfo, ":", parts: 2)
    {URI.decode(user), URI.decode(Enum.join(password))}
  end

  # Entries are hosts, which stand for what is below them too, with or without a leading dot, and perhaps with a port.
  defp exempt?(_host, _port, nil), do: false

  defp exempt?(host, port, {_name, list}) do
    list
    |> String.downcase()
    |> String.split([",", " "], trim: true)
    |> Enum.any?(fn
      "*" ->
        true

      entry ->
        {name, only} = split_port(entry)
        name = name |> String.trim_leading("*") |> String.trim_leading(".")

        only in [nil, Integer.to_string(port)] and name != "" and
          (host == name or String.ends_with?(host, "." <> name))
    end)
  end

  defp split_port(entry) do
    case Regex.run(~r/\A([^:]+|\[[^\]]+\]):(\d+)\z/, entry) do
      [_, name, port] -> {name, port}
      nil -> {entry, nil}
    end
  end
end
