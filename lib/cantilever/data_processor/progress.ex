defmodule Cantilever.DataProcessor.Progress do
  @moduledoc """
  How far a batch has come: what the function in `:on_progress` is given.

      iex> progress = Cantilever.DataProcessor.Progress.new(25, 1, 100, 500)
      iex> {progress.rate, progress.left_ms}
      {50.0, 1500}

  `done` counts the items that are through, failed ones included. `total`, and with it `left_ms`, is nil where the input does not tell its
  length at no cost (lists, ranges, maps and `MapSet`s do). `rate` is in items per second. `finished?` is true in the last report of a
  batch that came to its end.
  """

  @enforce_keys [:done, :failed, :total, :elapsed_ms, :rate, :left_ms]
  defstruct [:done, :failed, :total, :elapsed_ms, :rate, :left_ms, finished?: false]

  @typedoc """
  The progress of a batch, in items.

  `elapsed_ms` is the time since the batch began and `left_ms` an estimate of what is left, both in milliseconds;
  `rate` is in items per second.
  """
  @type t :: %__MODULE__{
          done: non_neg_integer,
          failed: non_neg_integer,
          total: non_neg_integer | nil,
          elapsed_ms: non_neg_integer,
          rate: float,
          left_ms: non_neg_integer | nil,
          finished?: boolean
        }

  @doc "Works out rate and time left."
  @spec new(non_neg_integer, non_neg_integer, non_neg_integer | nil, non_neg_integer, boolean) ::
          t
  def new(done, failed, total, elapsed_ms, finished? \\ false) do
    %__MODULE__{
      done: done,
      failed: failed,
      total: total,
      elapsed_ms: elapsed_ms,
      rate: done * 1_000 / max(elapsed_ms, 1),
      left_ms: left(done, total, elapsed_ms),
      finished?: finished?
    }
  end

  defp left(_done, nil, _elapsed_ms), do: nil
  defp left(0, 0, _elapsed_ms), do: 0
  defp left(0, _total, _elapsed_ms), do: nil
  defp left(done, total, elapsed_ms), do: div(max(total - done, 0) * elapsed_ms, done)
end
