defmodule Cantilever.Nif.Precompiled.Mirrors do
  @moduledoc false
  # The option `:base_url`: what it may be, and the addresses of an archive that come from it.

  alias Cantilever.Nif.Precompiled.{Fetch, Naming}

  @type mirror :: String.t() | {String.t(), [{String.t(), String.t()}]} | {module(), atom()}
  @type t :: mirror() | [mirror(), ...]

  @spec valid?(term()) :: boolean()
  def valid?([_ | _] = mirrors), do: Enum.all?(mirrors, &mirror?/1)
  def valid?(mirror), do: mirror?(mirror)

  # In the order in which they are asked. A function gets the name of the archive and returns its whole address.
  @spec urls(t(), String.t()) :: {:ok, [Fetch.url()]} | {:error, String.t()}
  def urls(mirrors, archive) do
    mirrors
    |> List.wrap()
    |> Enum.reduce_while({:ok, []}, fn mirror, {:ok, urls} ->
      case url(mirror, archive) do
        {:ok, url} -> {:cont, {:ok, [url | urls]}}
        {:error, message} -> {:halt, {:error, message}}
      end
    end)
    |> case do
      {:ok, urls} -> {:ok, Enum.reverse(urls)}
      error -> error
    end
  end

  defp url({module, function}, archive) when is_atom(module) do
    with {:module, _} <- Code.ensure_compiled(module),
         true <- function_exported?(module, function, 1) do
      case apply(module, function, [archive]) do
        {url, headers} -> returned({url, headers}, module, function)
        url -> returned({url, []}, module, function)
      end
    else
      _other ->
        {:error,
         "the option :base_url names #{inspect(module)}.#{function}/1, which does not exist when " <>
           "the module is compiled. Define it in a module that needs none of the native functions"}
    end
  end

  defp url({base, headers}, archive), do: {:ok, {Naming.url(base, archive), headers}}
  defp url(base, archive), do: {:ok, {Naming.url(base, archive), []}}

  defp returned({url, headers} = whole, module, function) do
    if is_binary(url) and headers?(headers),
      do: {:ok, whole},
      else:
        {:error,
         "#{inspect(module)}.#{function}/1, which the option :base_url names, returned #{inspect(whole)}. " <>
           "Accepted: a URL, or a URL with headers such as `{url, [{\"authorization\", \"Bearer …\"}]}`"}
  end

  defp mirror?({module, function}) when is_atom(module) and is_atom(function),
    do: module not in [nil, true, false] and function != nil

  defp mirror?({url, headers}), do: mirror?(url) and headers?(headers)

  defp mirror?(url) when is_binary(url) do
    case URI.new(url) do
      {:ok, %URI{scheme: scheme, host: host}} ->
        scheme in ["http", "https"] and host not in [nil, ""]

      {:error, _part} ->
        false
    end
  end

  defp mirror?(_other), do: false

  defp headers?(headers) do
    is_list(headers) and
      Enum.all?(headers, fn
        {name, value} when is_binary(name) and is_binary(value) ->
          name =~ ~r/\A[\w!#$%&'*+.^`|~-]+\z/ and value =~ ~r/\A[\t\x20-\x7E]*\z/

        _other ->
          false
      end)
  end
end
