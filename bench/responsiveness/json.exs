defmodule Cantilever.Bench.Responsiveness.JSON do
  @moduledoc """
  A JSON decoder in Elixir alone, for versions of OTP that bring none.

      iex> Cantilever.Bench.Responsiveness.JSON.decode!(~s({"a": [1, -2.5e3, "é\\\\n", true, null]}))
      %{"a" => [1, -2500.0, "é\\n", true, nil]}

  It is no straw man: strings without escapes are parts of the input instead of copies, and every step is a match on a
  binary, which the compiler makes fast.
  """

  @doc "Decodes a text that is one JSON value; raises `ArgumentError` on anything else."
  @spec decode!(binary) :: term
  def decode!(text) do
    {value, rest} = value(text)

    case space(rest) do
      "" -> value
      rest -> fail(rest)
    end
  end

  defp value(<<c, rest::binary>>) when c in ~c" \t\n\r", do: value(rest)
  defp value(<<?", rest::binary>>), do: string(rest, rest, 0, [])
  defp value(<<?{, rest::binary>>), do: rest |> space() |> object(%{})
  defp value(<<?[, rest::binary>>), do: rest |> space() |> array([])
  defp value(<<"true", rest::binary>>), do: {true, rest}
  defp value(<<"false", rest::binary>>), do: {false, rest}
  defp value(<<"null", rest::binary>>), do: {nil, rest}

  defp value(<<c, _::binary>> = text) when c in ?0..?9 or c == ?-,
    do: number(text, text, 0, :integer)

  defp value(rest), do: fail(rest)

  defp object(<<?}, rest::binary>>, object) when object == %{}, do: {object, rest}

  defp object(<<?", rest::binary>>, object) do
    {key, rest} = string(rest, rest, 0, [])
    {value, rest} = rest |> space() |> after_colon() |> value()
    object = Map.put(object, key, value)

    case space(rest) do
      <<?,, rest::binary>> -> rest |> space() |> object(object)
      <<?}, rest::binary>> -> {object, rest}
      rest -> fail(rest)
    end
  end

  defp object(rest, _object), do: fail(rest)

  defp after_colon(<<?:, rest::binary>>), do: rest
  defp after_colon(rest), do: fail(rest)

  defp array(<<?], rest::binary>>, []), do: {[], rest}

  defp array(text, values) do
    {value, rest} = value(text)

    case space(rest) do
      <<?,, rest::binary>> -> rest |> space() |> array([value | values])
      <<?], rest::binary>> -> {Enum.reverse(values, [value]), rest}
      rest -> fail(rest)
    end
  end

  # `start` is where the part without escapes begins, `length` how long it is; `parts` is what came before it.
  defp string(<<?", rest::binary>>, start, length, []), do: {binary_part(start, 0, length), rest}

  defp string(<<?", rest::binary>>, start, length, parts) do
    {IO.iodata_to_binary([parts | binary_part(start, 0, length)]), rest}
  end

  defp string(<<?\\, rest::binary>>, start, length, parts) do
    {character, rest} = escape(rest)
    string(rest, rest, 0, [parts, binary_part(start, 0, length) | character])
  end

  defp string(<<c, rest::binary>>, start, length, parts) when c >= 0x20 do
    string(rest, start, length + 1, parts)
  end

  defp string(rest, _start, _length, _parts), do: fail(rest)

  for {letter, character} <-
        [{?", "\""}, {?\\, "\\"}, {?/, "/"}, {?b, "\b"}, {?f, "\f"}] ++
          [{?n, "\n"}, {?r, "\r"}, {?t, "\t"}] do
    defp escape(<<unquote(letter), rest::binary>>), do: {unquote(character), rest}
  end

  defp escape(<<?u, hex::binary-size(4), rest::binary>>) do
    case {String.to_integer(hex, 16), rest} do
      {high, <<"\\u", hex::binary-size(4), rest::binary>>} when high in 0xD800..0xDBFF ->
        low = String.to_integer(hex, 16)
        {<<0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00::utf8>>, rest}

      {character, rest} ->
        {<<character::utf8>>, rest}
    end
  end

  defp escape(rest), do: fail(rest)

  defp number(<<c, rest::binary>>, start, length, kind) when c in ?0..?9 or c == ?-,
    do: number(rest, start, length + 1, kind)

  defp number(<<?., rest::binary>>, start, length, _kind),
    do: number(rest, start, length + 1, :float)

  defp number(<<c, rest::binary>>, start, length, kind) when c in ~c"eE" do
    exponent(rest, binary_part(start, 0, length), kind)
  end

  defp number(rest, start, length, :integer),
    do: {String.to_integer(binary_part(start, 0, length)), rest}

  defp number(rest, start, length, :float),
    do: {String.to_float(binary_part(start, 0, length)), rest}

  # Erlang's floats must have a point before their exponent.
  defp exponent(text, digits, kind) do
    {exponent, rest} = Integer.parse(text)
    digits = if kind == :float, do: digits, else: digits <> ".0"
    {String.to_float("#{digits}e#{exponent}"), rest}
  end

  defp space(<<c, rest::binary>>) when c in ~c" \t\n\r", do: space(rest)
  defp space(rest), do: rest

  @spec fail(binary) :: no_return
  defp fail(rest),
    do:
      raise(ArgumentError, "no JSON: #{inspect(binary_part(rest, 0, min(byte_size(rest), 20)))}")
end
