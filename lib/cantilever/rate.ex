defmodule Cantilever.Rate do
  @moduledoc false
  # How much a connection may send: a bucket of `burst` messages, or bytes, that fills by `per_s` of them a second.

  @enforce_keys [:at_ms, :left]
  defstruct @enforce_keys

  # In thousandths of a message or a byte: what a millisecond adds is a whole number of them.
  @message 1_000

  @type t :: %__MODULE__{at_ms: integer, left: integer}

  @spec new(pos_integer, integer) :: t
  def new(burst, now_ms), do: %__MODULE__{at_ms: now_ms, left: burst * @message}

  @spec take(t, pos_integer, pos_integer, integer) :: {:ok, t} | {:wait, ms :: pos_integer, t}
  def take(rate, per_s, burst, now_ms) do
    left = left(rate, per_s, burst, now_ms)

    if left >= @message,
      do: {:ok, %{rate | at_ms: now_ms, left: left - @message}},
      else: {:wait, div(@message - left + per_s - 1, per_s), %{rate | at_ms: now_ms, left: left}}
  end

  @doc "Takes what has come already, and says how long to wait until nothing is owed for it."
  @spec spend(t, non_neg_integer, pos_integer, pos_integer, integer) :: {non_neg_integer, t}
  def spend(rate, amount, per_s, burst, now_ms) do
    left = left(rate, per_s, burst, now_ms) - amount * @message
    {div(max(-left, 0) + per_s - 1, per_s), %{rate | at_ms: now_ms, left: left}}
  end

  defp left(rate, per_s, burst, now_ms),
    do: min(burst * @message, rate.left + (now_ms - rate.at_ms) * per_s)
end
