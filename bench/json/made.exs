defmodule Cantilever.Bench.JSON.Made do
  @moduledoc """
  The parts of made-up documents: numbers and texts that look random, but follow from a key.

      iex> Cantilever.Bench.JSON.Made.hex({:example, 1}, 8) == Cantilever.Bench.JSON.Made.hex({:example, 1}, 8)
      true

  `:erlang.phash2/2` gives the same on every machine and in every version, so documents of two machines compare.
  """

  @type key :: term

  @hex ~c"0123456789abcdef"
  @base58 ~c"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
  @latin ~c"etaoinshrdlu"
  @japanese Enum.concat([?あ..?ん, ?ア..?ン, ~c"一人日大年出本中子見国言上分生手自行者気"])

  @doc "A number from 0 on that is less than `count`."
  @spec below(key, pos_integer) :: non_neg_integer
  def below(key, count), do: :erlang.phash2(key, count)

  @doc "A number of the range, of any size."
  @spec between(key, Range.t()) :: integer
  def between(key, first..last) do
    wide = below({key, :high}, 0x1_0000_0000) * 0x1_0000_0000 + below({key, :low}, 0x1_0000_0000)
    first + rem(wide, last - first + 1)
  end

  @doc "One of a list."
  @spec one_of(key, [value, ...]) :: value when value: term
  def one_of(key, values), do: Enum.at(values, below(key, length(values)))

  @doc "Whether, in `percent` of all cases."
  @spec chance?(key, 0..100) :: boolean
  def chance?(key, percent), do: below({key, :chance}, 100) < percent

  @doc "So many hexadecimal digits."
  @spec hex(key, non_neg_integer) :: String.t()
  def hex(key, length), do: text(key, length, @hex)

  @doc "So many letters and digits that are hard to take for one another."
  @spec base58(key, non_neg_integer) :: String.t()
  def base58(key, length), do: text(key, length, @base58)

  @doc "So many small letters."
  @spec letters(key, non_neg_integer) :: String.t()
  def letters(key, length), do: text(key, length, @latin)

  @doc "So many characters of three bytes each."
  @spec japanese(key, non_neg_integer) :: String.t()
  def japanese(key, length), do: text(key, length, @japanese)

  @doc "So many words of small letters, of one to nine each."
  @spec words(key, non_neg_integer) :: String.t()
  def words(_key, 0), do: ""

  def words(key, count) do
    Enum.map_join(1..count, " ", &letters({key, &1}, 1 + below({key, &1, :length}, 9)))
  end

  @doc "So many characters of an alphabet."
  @spec text(key, non_neg_integer, charlist) :: String.t()
  def text(_key, 0, _alphabet), do: ""

  def text(key, length, alphabet) do
    alphabet = List.to_tuple(alphabet)

    for index <- 1..length, into: "" do
      <<elem(alphabet, below({key, index}, tuple_size(alphabet)))::utf8>>
    end
  end
end
