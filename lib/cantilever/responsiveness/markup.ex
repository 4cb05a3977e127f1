defmodule Cantilever.Responsiveness.Markup do
  @moduledoc false
  # Text on its way into XML or HTML.

  @replacement 0xFFFD

  @doc "`text` as it may stand between tags and inside a quoted attribute, whatever its bytes are."
  @spec escape(String.t()) :: String.t()
  def escape(text), do: escape(text, [])

  defp escape(<<character::utf8, rest::binary>>, written),
    do: escape(rest, [written, one(character)])

  defp escape(<<_no_utf8, rest::binary>>, written),
    do: escape(rest, [written, <<@replacement::utf8>>])

  defp escape(<<>>, written), do: IO.iodata_to_binary(written)

  defp one(?&), do: "&amp;"
  defp one(?<), do: "&lt;"
  defp one(?>), do: "&gt;"
  defp one(?"), do: "&quot;"
  defp one(?'), do: "&#39;"

  # XML has no way to write these.
  defp one(control) when control < 0x20 and control not in [?\t, ?\n, ?\r],
    do: <<@replacement::utf8>>

  defp one(none) when none in [0xFFFE, 0xFFFF], do: <<@replacement::utf8>>
  defp one(character), do: <<character::utf8>>
end
