defmodule Cantilever.DataProcessor.Watch do
  @moduledoc false
  # The times of one worker: since when its item runs, as far as is known, and when to look at it next. Pure: the coordinator brings the
  # clock (in ms) and the position from the journal. When a chunk's first item began is known; that of the others is when they are
  # first seen, so they are looked at ten times per timeout.

  # An automatic chunk that has not come back after this time held slower items than those before it.
  @cut_after_ms 20

  @enforce_keys [:started, :since, :cuttable?, :alone?]
  defstruct [:started, :since, :cuttable?, :alone?, position: 1]

  @type t :: %__MODULE__{
          started: integer,
          since: integer,
          position: pos_integer,
          cuttable?: boolean,
          alone?: boolean
        }

  @doc "The watch over a chunk of `count` items that begins now."
  @spec new(pos_integer, pos_integer | :auto, integer) :: t
  def new(count, chunk_size, now) do
    %__MODULE__{
      started: now,
      since: now,
      cuttable?: chunk_size == :auto and count > 1,
      alone?: count == 1
    }
  end

  @doc "Notes the position at which the worker was seen."
  @spec seen(t, pos_integer, integer) :: t
  def seen(%{position: position} = watch, position, _now), do: watch
  def seen(watch, position, now), do: %{watch | position: position, since: now}

  @doc "Whether the rest of the chunk is to be taken back."
  @spec cut?(t, integer) :: boolean
  def cut?(watch, now), do: watch.cuttable? and now - watch.started >= @cut_after_ms

  @doc "Notes that the rest was taken back."
  @spec cut(t) :: t
  def cut(watch), do: %{watch | cuttable?: false}

  # Both moments are rounded down, so a difference of `timeout` may be up to a millisecond short of it.
  @doc "Whether the item has had its time."
  @spec overdue?(t, timeout, integer) :: boolean
  def overdue?(_watch, :infinity, _now), do: false
  def overdue?(watch, timeout, now), do: now - watch.since > timeout

  @doc "When to look next."
  @spec due(t, timeout, integer) :: integer | :infinity
  def due(watch, timeout, now), do: min(timeout_due(watch, timeout, now), cut_due(watch, now))

  defp timeout_due(_watch, :infinity, _now), do: :infinity

  defp timeout_due(watch, timeout, now) do
    over = max(watch.since + timeout + 1, now + 1)
    if watch.alone?, do: over, else: min(over, now + max(div(timeout, 10), 1))
  end

  defp cut_due(%{cuttable?: true} = watch, now), do: max(watch.started + @cut_after_ms, now + 1)
  defp cut_due(_watch, _now), do: :infinity
end
