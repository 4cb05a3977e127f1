defmodule Cantilever.Bench.JSON.Corpora.Utf8 do
  @moduledoc false
  # One string of 14 kB in many scripts, once as it is and once with everything that is not ASCII escaped.

  alias Cantilever.Bench.JSON.{Made, Text}

  # The characters of each come in runs, as they do in prose: {characters, how many}.
  @scripts [
    {?α..?ω, 1_300},
    {?а..?я, 900},
    {?ა..?ჰ, 650},
    {?ก..?ฮ, 850},
    {?⌀..?⌟, 300},
    {?─..?┿, 500},
    {?ሀ..?ሆ, 300}
  ]

  @spec unescaped() :: iodata
  def unescaped, do: Text.write(prose())

  @spec escaped() :: iodata
  def escaped do
    for <<character::utf8 <- IO.iodata_to_binary(unescaped())>>, into: "" do
      if character < 128 do
        <<character>>
      else
        # All of the scripts above are within the first 65,536 characters.
        "\\u" <> String.pad_leading(Integer.to_string(character, 16), 4, "0")
      end
    end
  end

  defp prose do
    Enum.map_join(@scripts, "\n\n", fn {characters, length} ->
      heading = Made.words({:heading, length}, 9)
      lines = for line <- 1..div(length, 50), do: line({length, line}, Enum.to_list(characters))
      Enum.join([heading, "" | lines], "\n  ")
    end)
  end

  defp line(key, alphabet) do
    Enum.map_join(1..8, " ", &Made.text({key, &1}, 3 + Made.below({key, &1}, 7), alphabet))
  end
end
