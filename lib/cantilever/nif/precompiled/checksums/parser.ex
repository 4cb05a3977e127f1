defmodule Cantilever.Nif.Precompiled.Checksums.Parser do
  @moduledoc false
  # Reads `%{"key" => "value", …}` with blanks, line ends and comments between its parts. Strings are plain: no
  # escapes and no interpolation, which no name and no digest needs. Whatever else stands in the text is an error
  # with its line. Elixir's own parser is not asked, because it makes atoms of what it reads. Pure.

  @type result :: {:ok, %{String.t() => String.t()}} | {:error, String.t()}

  @spec parse(binary()) :: result()
  def parse(text) do
    with {:ok, rest, line} <- expect("%{", blanks(text, 1)),
         {:ok, map, rest, line} <- pairs(blanks(rest, line), %{}) do
      case blanks(rest, line) do
        {"", _line} -> {:ok, map}
        {rest, line} -> unexpected("the end", rest, line)
      end
    end
  end

  defp pairs({"}" <> rest, line}, map), do: {:ok, map, rest, line}

  defp pairs({_rest, key_line} = position, map) do
    with {:ok, key, rest, line} <- string(position),
         {:ok, rest, line} <- expect("=>", blanks(rest, line)),
         {:ok, value, rest, line} <- string(blanks(rest, line)) do
      cond do
        is_map_key(map, key) -> {:error, "line #{key_line} has #{inspect(key)} a second time"}
        true -> next(blanks(rest, line), Map.put(map, key, value))
      end
    end
  end

  defp next({"," <> rest, line}, map), do: pairs(blanks(rest, line), map)
  defp next({"}" <> rest, line}, map), do: {:ok, map, rest, line}
  defp next({rest, line}, _map), do: unexpected(~s("," or "}"), rest, line)

  defp string({<<?", rest::binary>>, line}) do
    size = plain(rest, 0)

    case rest do
      <<text::binary-size(size), ?", rest::binary>> ->
        if String.contains?(text, "\#{"),
          do: {:error, "line #{line} has an interpolation, and only plain strings are read"},
          else: {:ok, text, rest, line}

      <<_text::binary-size(size), rest::binary>> ->
        unexpected("a plain string", rest, line)
    end
  end

  defp string({rest, line}), do: unexpected("a string", rest, line)

  # How many bytes may stand in a string as they are.
  defp plain(<<char, rest::binary>>, size) when char in 0x20..0x7E and char not in [?", ?\\],
    do: plain(rest, size + 1)

  defp plain(_rest, size), do: size

  defp expect(token, {rest, line}) do
    size = byte_size(token)

    case rest do
      <<^token::binary-size(size), rest::binary>> -> {:ok, rest, line}
      _other -> unexpected(inspect(token), rest, line)
    end
  end

  defp blanks(<<?\n, rest::binary>>, line), do: blanks(rest, line + 1)
  defp blanks(<<char, rest::binary>>, line) when char in [?\s, ?\t, ?\r], do: blanks(rest, line)
  defp blanks(<<?#, rest::binary>>, line), do: comment(rest, line)
  defp blanks(rest, line), do: {rest, line}

  defp comment(<<?\n, _::binary>> = rest, line), do: blanks(rest, line)
  defp comment(<<_, rest::binary>>, line), do: comment(rest, line)
  defp comment("", line), do: {"", line}

  defp unexpected(wanted, "", line),
    do: {:error, "line #{line} ends where #{wanted} was expected"}

  defp unexpected(wanted, rest, line) do
    found = binary_part(rest, 0, min(byte_size(rest), 20))
    {:error, "line #{line} has #{inspect(found)} where #{wanted} was expected"}
  end
end
