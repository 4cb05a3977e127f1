defmodule Cantilever.WebServer.Request do
  @moduledoc false
  # The head of a request, by the VM's own parser of HTTP/1.1. Bodies are not taken.

  @enforce_keys [:method, :path, :query, :version, :headers]
  defstruct @enforce_keys

  @typedoc "The names of headers are in lower case; those that come more than once are joined by commas."
  @type t :: %__MODULE__{
          method: String.t(),
          path: String.t(),
          query: String.t(),
          version: {non_neg_integer, non_neg_integer},
          headers: %{String.t() => String.t()}
        }

  @type limits :: %{
          :max_header_bytes => pos_integer,
          :max_target_bytes => pos_integer,
          optional(atom) => term
        }

  @end_of_head "\r\n\r\n"

  @doc """
  Reads a request at the start of `bytes`, of which the first `seen` had no end of the head in them.

  Returns it and what follows; `:more`; or the status that says what is wrong with it.
  """
  @spec read(binary, non_neg_integer, limits) ::
          {:ok, t, binary} | :more | {:error, status :: 400..599}
  def read(bytes, seen, limits) do
    from = max(seen - 3, 0)

    case :binary.match(bytes, @end_of_head, scope: {from, byte_size(bytes) - from}) do
      {at, _size} when at + 4 <= limits.max_header_bytes ->
        if whole_lines?(binary_part(bytes, 0, at + 4)),
          do: head(bytes, limits),
          else: {:error, 400}

      :nomatch when byte_size(bytes) <= limits.max_header_bytes ->
        :more

      _too_long ->
        {:error, too_long(bytes, limits)}
    end
  end

  # The parser takes a bare LF for the end of a line, lets a line go on in the next, and values hold what they like. Who stands between the
  # client and this server may see other lines, and so other requests. Most of it is text, which is looked through eight bytes at a time.
  defp whole_lines?(<<a, b, c, d, e, f, g, h, rest::binary>>)
       when a > 31 and b > 31 and c > 31 and d > 31 and e > 31 and f > 31 and g > 31 and h > 31,
       do: whole_lines?(rest)

  defp whole_lines?(<<"\r\n", first, rest::binary>>) when first > ?\s, do: whole_lines?(rest)
  defp whole_lines?("\r\n\r\n"), do: true
  defp whole_lines?(<<byte, rest::binary>>) when byte > 31 or byte == ?\t, do: whole_lines?(rest)
  defp whole_lines?(_control), do: false

  # Which part of it is.
  defp too_long(bytes, limits) do
    case :binary.match(bytes, "\r\n") do
      {at, _size} when at <= limits.max_target_bytes -> 431
      _no_end_of_line -> 414
    end
  end

  defp head(bytes, limits) do
    case :erlang.decode_packet(:http_bin, bytes, []) do
      {:ok, {:http_request, method, target, version}, rest} ->
        with {:ok, host, target} <- host_of(target, bytes),
             {:ok, path, query} <- target(target, limits),
             {:ok, headers, rest} <- headers(rest, %{}),
             :ok <- check(version, headers) do
          request = %__MODULE__{
            method: to_string(method),
            path: path,
            query: query,
            version: version,
            headers: if(host, do: Map.put(headers, "host", host), else: headers)
          }

          {:ok, request, rest}
        end

      _no_request ->
        {:error, 400}
    end
  end

  # A target may name a host, which is the one that counts then (RFC 9112, section 3.2.2); with `https` where a proxy has ended TLS. It is read
  # again, as the parser drops parts of it: of `user:password@host` it leaves the user.
  defp host_of({:absoluteURI, _scheme, _host, _port, _path}, bytes) do
    [line, _headers] = :binary.split(bytes, "\r\n")

    with [_method, target, _version] <- :binary.split(line, " ", [:global]),
         [_scheme, rest] <- :binary.split(target, "://"),
         {host, target} = at_first_slash(rest),
         true <- host != "" and not match?(":" <> _, host),
         :nomatch <- :binary.match(host, ["@", "#"]) do
      {:ok, host, {:abs_path, target}}
    else
      _no_host -> {:error, 400}
    end
  end

  defp host_of(target, _bytes), do: {:ok, nil, target}

  defp at_first_slash(rest) do
    case :binary.match(rest, ["/", "?"]) do
      {at, 1} ->
        <<host::binary-size(at), target::binary>> = rest
        {host, if(match?("?" <> _, target), do: "/" <> target, else: target)}

      :nomatch ->
        {rest, "/"}
    end
  end

  # Of one letter, the parser takes anything for a path.
  defp target({:abs_path, "/" <> _ = target}, limits)
       when byte_size(target) <= limits.max_target_bytes do
    case :binary.split(target, "?") do
      [path, query] -> path(path, query)
      [path] -> path(path, "")
    end
  end

  defp target({:abs_path, "/" <> _too_long}, _limits), do: {:error, 414}
  defp target(_tunnel_or_options, _limits), do: {:error, 400}

  # Whatever its escapes stand for, it is only compared with what there is.
  defp path(path, query) do
    case :binary.match(path, "%") do
      :nomatch -> {:ok, path, query}
      _escape -> {:ok, URI.decode(path), query}
    end
  end

  defp headers(bytes, headers) do
    case :erlang.decode_packet(:httph_bin, bytes, []) do
      {:ok, {:http_header, _bit, name, _unmodified, value}, rest} when name != "" ->
        name = name(name)
        value = trimmed(value)

        case headers do
          %{"host" => _one} when name == "host" -> {:error, 400}
          %{^name => before} -> headers(rest, %{headers | name => before <> ", " <> value})
          _new -> headers(rest, Map.put(headers, name, value))
        end

      {:ok, :http_eoh, rest} ->
        {:ok, headers, rest}

      _wrong ->
        {:error, 400}
    end
  end

  # What stands before it the parser takes away.
  defp trimmed(value) do
    if value != "" and :binary.last(value) in [?\s, ?\t],
      do: trimmed(binary_part(value, 0, byte_size(value) - 1)),
      else: value
  end

  # What the parser knows is an atom.
  for known <- ~w(Host Connection Upgrade Origin Cookie Accept User-Agent Content-Length
                  Transfer-Encoding Accept-Encoding Accept-Language Cache-Control Pragma
                  If-None-Match)a do
    defp name(unquote(known)), do: unquote(known |> Atom.to_string() |> String.downcase(:ascii))
  end

  defp name(name) when is_atom(name), do: name(Atom.to_string(name))
  defp name(name), do: String.downcase(name, :ascii)

  # What comes after a body that one reader sees and another does not would be a request of somebody else's.
  defp check(version, _headers) when version not in [{1, 0}, {1, 1}], do: {:error, 505}
  defp check(_version, %{"transfer-encoding" => _any}), do: {:error, 400}
  defp check(_version, %{"content-length" => length}) when length != "0", do: {:error, 413}
  defp check({1, 1}, headers) when not is_map_key(headers, "host"), do: {:error, 400}
  defp check(_version, _headers), do: :ok

  @doc "Whether it is for one of these hosts, at whatever port."
  @spec host?(t, :any | [String.t()]) :: boolean
  def host?(_request, :any), do: true
  # Browsers always name it.
  def host?(%{headers: headers}, _hosts) when not is_map_key(headers, "host"), do: true

  def host?(%{headers: %{"host" => host}}, hosts) do
    host = String.downcase(host, :ascii)
    Enum.any?(hosts, &at_a_port?(host, &1))
  end

  defp at_a_port?(host, name) do
    size = byte_size(name)

    case host do
      <<^name::binary-size(size)>> -> true
      <<^name::binary-size(size), ":", port::binary>> -> digits?(port)
      _other -> false
    end
  end

  defp digits?(<<digit, rest::binary>>) when digit in ?0..?9, do: digits?(rest)
  defp digits?(rest), do: rest == ""

  @doc "The parameters of the query."
  @spec params(t) :: {:ok, %{String.t() => String.t()}} | :error
  def params(%{query: query}) do
    pairs = for pair <- :binary.split(query, "&", [:global, :trim_all]), do: pair(pair)
    # Most queries have nothing to decode, and the token in them is long.
    pairs = if has?(query, "%") or has?(query, "+"), do: decoded(pairs), else: pairs

    if Enum.all?(pairs, fn {key, value} -> String.valid?(key) and String.valid?(value) end),
      do: {:ok, Map.new(pairs)},
      else: :error
  rescue
    ArgumentError -> :error
  end

  defp pair(pair) do
    case :binary.split(pair, "=") do
      [key, value] -> {key, value}
      [key] -> {key, ""}
    end
  end

  defp decoded(pairs),
    do: for({key, value} <- pairs, do: {URI.decode_www_form(key), URI.decode_www_form(value)})

  # One byte at a time: for a list of them, the VM builds a table of kilobytes at each call.
  defp has?(text, byte), do: :binary.match(text, byte) != :nomatch

  @doc "Whether a header that is a list has this word, in any case."
  @spec lists?(t, String.t(), String.t()) :: boolean
  def lists?(request, header, word) do
    case request.headers do
      %{^header => ^word} ->
        true

      %{^header => value} ->
        value = String.downcase(value, :ascii)
        value == word or word in elements(value)

      _none ->
        false
    end
  end

  @doc "The elements of a header that is a list."
  @spec elements(String.t()) :: [String.t()]
  def elements(value),
    do: for(element <- :binary.split(value, ",", [:global]), do: element |> led() |> trimmed())

  defp led(<<space, rest::binary>>) when space in [?\s, ?\t], do: led(rest)
  defp led(text), do: text

  @doc "Whether the client wants the connection to stay open."
  @spec keep_alive?(t) :: boolean
  def keep_alive?(%{version: {1, 1}} = request), do: not lists?(request, "connection", "close")
  def keep_alive?(request), do: lists?(request, "connection", "keep-alive")
end
