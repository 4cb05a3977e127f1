defmodule Cantilever.Bench.JSON.Corpora.Canada do
  @moduledoc false
  # A coastline: 56,000 pairs of numbers with fifteen decimals, without white space but for the head.

  alias Cantilever.Bench.JSON.{Made, Text}

  # How many polygons have how many points: most are islets, and a few have most of the points.
  @polygons [{330, 30}, {110, 78}, {37, 300}, {3, 8_700}]

  @spec text() :: iodata
  def text do
    polygons =
      for {{count, points}, kind} <- Enum.with_index(@polygons), index <- 1..count do
        coast({kind, index}, points)
      end

    geometry = Text.write([{"type", "Polygon"}, {"coordinates", polygons}])

    ~s({ "type": "FeatureCollection",\n  "features": [\n{\n    "type": "Feature",\n) <>
      ~s("properties": { "name": "Canada" },\n"geometry": #{geometry}}\n]}\n)
  end

  # In steps of some hundred metres, in millionths of a degree.
  defp coast(key, points) do
    west = -Made.between({key, :west}, 52_000_000..141_000_000)
    north = Made.between({key, :north}, 42_000_000..83_000_000)

    {path, _end} =
      Enum.map_reduce(1..points, {west, north}, fn index, {x, y} ->
        key = {key, index}
        pair = [degrees({key, :long}, x), degrees({key, :lat}, y)]
        {pair, {x + step({key, :x}), y + step({key, :y})}}
      end)

    path
  end

  defp step(key), do: Made.between(key, -9_000..9_000)

  # In such files the last digits are what conversions have left behind, and 17 digits in all are the most.
  defp degrees(key, millionths) do
    noise = if Made.chance?(key, 98), do: Made.between(key, -150..150) * 1.0e-15, else: 0.0
    decimals = if abs(millionths) >= 100_000_000, do: 14, else: 15
    degrees = millionths / 1_000_000 + noise
    {:verbatim, :erlang.float_to_binary(degrees, [:compact, decimals: decimals])}
  end
end
