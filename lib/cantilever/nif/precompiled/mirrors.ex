defmodule Cantilever.Nif.Precompiled.Mirrors do
  @moduledoc false
  # The option `:base_url`: what it may be, and the addresses of an archive that come from it.

  alias Cantilever.Nif.Precompiled.{Callback, Fetch, Naming}

  @type mirror :: String.t() | {String.t(), [{String.t(), String.t()}]} | {module(), atom()}
  @type t :: mirror() | [mirror(), ...]

  @spec valid?(term()) :: boolean()
  def valid?(mirrors), do: fault(mirrors) == nil

  # What is wrong, if anything is, in words that are fit for a log: neither addresses nor the values of headers.
  @spec fault(term()) :: String.t() | nil
  def fault([]), do: "the list is empty"

  def fault(mirrors) when is_list(mirrors) do
    if List.improper?(mirrors),
      do: "the list does not end as a list does",
      else: first(mirrors, fn mirror, position -> in_mirror(position, flaw(mirror)) end)
  end

  def fault(mirror), do: flaw(mirror)

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

  # What the tasks, which run none of the project's code, know of each mirror: its address, why it cannot be asked, or
  # what is wrong with it.
  @type declared :: {:url, Fetch.url()} | {:unasked, String.t()} | {:wrong, String.t()}

  @spec declared(term()) :: [declared()]
  def declared(mirrors) do
    if is_list(mirrors) and List.improper?(mirrors),
      do: [{:wrong, fault(mirrors)}],
      else: mirrors |> List.wrap() |> Enum.map(&known(texts(&1)))
  end

  defp known(mirror) do
    case {flaw(mirror), mirror} do
      {nil, {module, function}} when is_atom(function) ->
        {:unasked, "the function #{inspect(module)}.#{function}/1, which is not called"}

      {nil, url} when is_binary(url) ->
        {:url, {url, []}}

      {nil, {url, headers}} ->
        {:url, {url, headers}}

      {flaw, _mirror} ->
        {:wrong, flaw}
    end
  end

  # Headers for RustlerPrecompiled may be charlists or atoms.
  defp texts({url, headers}) when is_list(headers) do
    if List.improper?(headers),
      do: {url, headers},
      else: {url, Enum.map(headers, &header_texts/1)}
  end

  defp texts(mirror), do: mirror

  defp header_texts({name, value}), do: {text(name), text(value)}
  defp header_texts(other), do: other

  defp text(value) when is_atom(value) and value != nil, do: Atom.to_string(value)

  defp text([_ | _] = value),
    do: if(List.ascii_printable?(value), do: List.to_string(value), else: value)

  defp text(value), do: value

  defp url({module, function}, archive) when is_atom(module) do
    name = "#{inspect(module)}.#{function}/1"

    with {:module, _} <- Code.ensure_compiled(module),
         true <- function_exported?(module, function, 1) do
      case Callback.call(module, fn -> apply(module, function, [archive]) end) do
        {:ok, {url, headers}} ->
          returned({url, headers}, name)

        {:ok, url} ->
          returned({url, []}, name)

        {:error, what} ->
          {:error, "#{name}, which the option :base_url names, #{what}. Correct it"}
      end
    else
      _other ->
        {:error,
         "the option :base_url names #{name}, which does not exist when " <>
           "the module is compiled. Define it in a module that needs none of the native functions"}
    end
  end

  defp url({base, headers}, archive), do: {:ok, {Naming.url(base, archive), headers}}
  defp url(base, archive), do: {:ok, {Naming.url(base, archive), []}}

  # A signature may stand in the address, and a token in the headers.
  defp returned({url, headers} = whole, name) do
    case if(is_binary(url), do: headers_flaw(headers), else: "its URL is no string") do
      nil ->
        {:ok, whole}

      flaw ->
        {:error,
         "#{name}, which the option :base_url names, returned what cannot be used: #{flaw}. " <>
           "Accepted: a URL, or a URL with headers such as `{url, [{\"authorization\", \"Bearer …\"}]}`"}
    end
  end

  defp flaw({module, function}) when is_atom(module) and is_atom(function) do
    if module in [nil, true, false] or function == nil,
      do: "it names no module and function"
  end

  defp flaw({url, headers}), do: url_flaw(url) || headers_flaw(headers)
  defp flaw(url) when is_binary(url), do: url_flaw(url)
  defp flaw(_other), do: "it is neither a URL nor a pair"

  defp url_flaw(url) when is_binary(url) do
    with {:ok, %URI{scheme: scheme, host: host}}
         when scheme in ["http", "https"] and host not in [nil, ""] <- URI.new(url) do
      nil
    else
      _other -> "its URL is none that starts with http:// or https:// and names a host"
    end
  end

  defp url_flaw(_other), do: "its URL is no string"

  defp headers_flaw(headers) do
    if is_list(headers) and not List.improper?(headers),
      do: first(headers, &header_flaw/2),
      else: "its headers are no list"
  end

  # What is no name may be a whole line, with the value in it.
  defp header_flaw({name, value}, position) do
    cond do
      not (is_binary(name) and name =~ ~r/\A[\w!#$%&'*+.^`|~-]+\z/) ->
        "the name of its header #{position} is none"

      is_nil(value) ->
        "the value of its header #{inspect(name)} is nil"

      not is_binary(value) ->
        "the value of its header #{inspect(name)} is no string"

      not (value =~ ~r/\A[\t\x20-\x7E]*\z/) ->
        "the value of its header #{inspect(name)} has a line break or another character that a header cannot have"

      true ->
        nil
    end
  end

  defp header_flaw(_other, position), do: "its header #{position} is no pair of strings"

  defp in_mirror(_position, nil), do: nil
  defp in_mirror(position, flaw), do: "mirror #{position}: #{flaw}"

  defp first(list, flaw) do
    list
    |> Enum.with_index(1)
    |> Enum.find_value(fn {element, position} -> flaw.(element, position) end)
  end
end
