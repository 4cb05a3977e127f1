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
        {[degrees(x), degrees(y)], {x + step({key, index, :x}), y + step({key, index, :y})}}
      end)

    path
  end

  defp step(key), do: Made.between(key, -9_000..9_000)

  # As a double comes out if all its digits are asked for, which is how such files were made.
  defp degrees(millionths) do
    {:verbatim, :erlang.float_to_binary(millionths / 1_000_000, [:compact, decimals: 15])}
  end
end
