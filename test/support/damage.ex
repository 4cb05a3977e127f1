defmodule Cantilever.Damage do
  @moduledoc false
  # Bytes as a bad line, a full disk or an attacker leaves them: cut off, changed, repeated, longer. What is made
  # from one seed is always the same.

  @spec variants(binary(), pos_integer(), non_neg_integer()) :: Enumerable.t()
  def variants(bytes, count, seed \\ 1) do
    Stream.unfold({count, :rand.seed_s(:exsss, seed)}, fn
      {0, _random} ->
        nil

      {left, random} ->
        {kind, random} = :rand.uniform_s(6, random)
        {damaged, random} = damage(kind, bytes, random)
        {damaged, {left - 1, random}}
    end)
  end

  @spec truncations(binary()) :: Enumerable.t()
  def truncations(bytes), do: Stream.map(0..(byte_size(bytes) - 1)//1, &binary_part(bytes, 0, &1))

  defp damage(1, bytes, random) do
    {at, random} = position(bytes, random)
    {binary_part(bytes, 0, at), random}
  end

  defp damage(2, bytes, random), do: flip(bytes, random, 1)
  defp damage(3, bytes, random), do: flip(bytes, random, 8)

  defp damage(4, bytes, random) do
    {at, random} = position(bytes, random)
    {value, random} = :rand.bytes_s(min(8, byte_size(bytes) - at), random)
    <<before::binary-size(at), _::binary-size(byte_size(value)), behind::binary>> = bytes
    {before <> value <> behind, random}
  end

  defp damage(5, bytes, random) do
    {at, random} = position(bytes, random)
    {from, random} = position(bytes, random)
    piece = binary_part(bytes, from, min(64, byte_size(bytes) - from))
    {before, behind} = {binary_part(bytes, 0, at), binary_part(bytes, at, byte_size(bytes) - at)}
    {before <> piece <> behind, random}
  end

  defp damage(6, bytes, random) do
    {size, random} = :rand.uniform_s(600, random)
    {junk, random} = :rand.bytes_s(size, random)
    {bytes <> junk, random}
  end

  defp flip(bytes, random, 0), do: {bytes, random}

  defp flip(bytes, random, left) do
    {at, random} = position(bytes, random)
    {bit, random} = :rand.uniform_s(8, random)
    <<before::binary-size(at), byte, behind::binary>> = bytes

    flip(
      <<before::binary, Bitwise.bxor(byte, Bitwise.bsl(1, bit - 1)), behind::binary>>,
      random,
      left - 1
    )
  end

  defp position(bytes, random) do
    {at, random} = :rand.uniform_s(byte_size(bytes), random)
    {at - 1, random}
  end
end
