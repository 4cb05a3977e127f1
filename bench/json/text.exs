defmodule Cantilever.Bench.JSON.Text do
  @moduledoc """
  Writes made-up documents, with the white space that the documents of their kind have.

      iex> Cantilever.Bench.JSON.Text.write([{"a", [1, nil]}], indent: 1) |> IO.iodata_to_binary()
      "{\\n \\"a\\": [\\n  1,\\n  null\\n ]\\n}"

  An object is a list of pairs, so that its members have an order, and an empty one is `:empty`. `{:verbatim, text}` is
  written as it is. Without `:indent` there is no white space; `:colon` is what stands between a key and its value.

  No codec is used for this: what is measured must not depend on which of them there are.
  """

  @type document ::
          nil
          | boolean
          | integer
          | String.t()
          | {:verbatim, iodata}
          | :empty
          | [document]
          | [{String.t(), document}, ...]

  @doc "The text of a document."
  @spec write(document, indent: non_neg_integer, colon: String.t()) :: iodata
  def write(document, options \\ []) do
    case Keyword.fetch(options, :indent) do
      {:ok, indent} ->
        colon = Keyword.get(options, :colon, ": ")
        value(document, %{step: String.duplicate(" ", indent), colon: colon}, "\n")

      :error ->
        value(document, %{step: "", colon: ":"}, "")
    end
  end

  defp value(nil, _style, _margin), do: "null"
  defp value(:empty, _style, _margin), do: "{}"
  defp value([], _style, _margin), do: "[]"
  defp value(bool, _style, _margin) when is_boolean(bool), do: Atom.to_string(bool)
  defp value(integer, _style, _margin) when is_integer(integer), do: Integer.to_string(integer)
  defp value(text, _style, _margin) when is_binary(text), do: string(text)
  defp value({:verbatim, text}, _style, _margin), do: text

  defp value([{key, _value} | _] = members, style, margin) when is_binary(key) do
    inner = [margin | style.step]

    lines =
      for {key, value} <- members, do: [string(key), style.colon, value(value, style, inner)]

    ["{", inner, Enum.intersperse(lines, [",", inner]), margin, "}"]
  end

  defp value(items, style, margin) when is_list(items) do
    inner = [margin | style.step]
    lines = Enum.map(items, &value(&1, style, inner))
    ["[", inner, Enum.intersperse(lines, [",", inner]), margin, "]"]
  end

  # The documents hold no other characters that have to be escaped.
  defp string(text) do
    [
      ?",
      String.replace(text, ["\\", "\"", "\n"], fn
        "\n" -> "\\n"
        character -> "\\" <> character
      end),
      ?"
    ]
  end
end
