Code.require_file("json.exs", __DIR__)

defmodule Cantilever.Bench.Responsiveness.Records do
  @moduledoc """
  Decodes a document of JSON records, one on each line, in pure Elixir.

      iex> Cantilever.Bench.Responsiveness.Records.decode(~s({"id": 7, "kind": "order"}\\n))
      {1, 12}

  OTP's own decoder is taken where there is one (from OTP 27 on), as who stays in Elixir would do.
  """

  if Code.ensure_loaded?(:json) do
    @decoder "OTP's :json"
    defp decode_line(line), do: :json.decode(line)
  else
    @decoder "a decoder in Elixir"
    defp decode_line(line), do: Cantilever.Bench.Responsiveness.JSON.decode!(line)
  end

  @doc "What decodes a line."
  @spec decoder() :: String.t()
  def decoder, do: @decoder

  @doc "How many records there are, and a sum over fields of each, the same as the native decoders give."
  @spec decode(binary) :: {records :: non_neg_integer, checksum :: non_neg_integer}
  def decode(document), do: lines(document, 0, 0)

  defp lines("", records, sum), do: {records, sum}

  defp lines(document, records, sum) do
    case :binary.split(document, "\n") do
      ["", rest] -> lines(rest, records, sum)
      [line, rest] -> lines(rest, records + 1, sum + checksum(decode_line(line)))
      [line] -> {records + 1, sum + checksum(decode_line(line))}
    end
  end

  defp checksum(record) do
    Map.get(record, "id", 0) + bytes(record, "kind") + bytes(record, "note") +
      count(record, "tags") +
      count(record, "lines") + if(record["paid"] == true, do: 1, else: 0) +
      bytes(Map.get(record, "origin", %{}), "street") + round(Map.get(record, "amount", 0) * 100)
  end

  defp bytes(record, key), do: record |> Map.get(key, "") |> byte_size()
  defp count(record, key), do: record |> Map.get(key, []) |> length()
end
