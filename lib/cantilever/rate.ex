defmodule Cantilever.Rate do
  @moduledoc false
  # How much a connection may send: a bucket of `burst` messages that fills by `per_s` messages a second.

  @enforce_keys [:at_ms, :left]
  defstruct @enforce_keys

  # In thousandths of a message: what a millisecond adds is a whole number of them.
  @message 1_000

  @type t :: %__MODULE__{at_ms: integer, left: non_neg_integer}

  @spec new(pos_integer, integer) :: t
  def new(burst, now_ms), do: %__MODULE__{at_ms: now_ms, left: burst * @message}

  @spec take(t, pos_integer, pos_integer, integer) :: {:ok, t} | {:wait, ms :: pos_integer, t}
  def take(rate, per_s, burst, now_ms) do
    left = min(burst * @message, rate.left + (now_ms - rate.at_ms) * per_s)

    if left >= @message,
      do: {:ok, %{rate | at_ms: now_ms, left: left - @message}},
      else: {:wait, div(@message - left + per_s - 1, per_s), %{rate | at_ms: now_ms, left: left}}
  end
end
