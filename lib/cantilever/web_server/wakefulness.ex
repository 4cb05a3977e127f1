defmodule Cantilever.WebServer.Wakefulness do
  @moduledoc false
  # When the process of a WebSocket hibernates: right after a message that comes alone, or where that is not answered at once, after its answer; and
  # where many come, once there were few for some time.

  alias Cantilever.Idleness

  # What little a process has done that got no message worth staying awake for.
  @idle_reductions 400
  # So often it hibernates again right after a message, in this time: whoever only sends heartbeats is never awake for longer.
  @calm_wakings 2
  @calm_ms 3_000
  # So long it stays awake for an answer.
  @answer_ms 1_000

  @enforce_keys [:since_ms]
  defstruct [:since_ms, wakings: 0, now: :hibernating]

  @type t :: %__MODULE__{
          # Since when wakings are counted, and how many there were.
          since_ms: integer,
          wakings: non_neg_integer,
          # `:awaiting` until something is written; a mark while it is looked at whether it is idle.
          now: :hibernating | :awaiting | Idleness.mark()
        }

  @spec new(integer) :: t
  def new(now_ms), do: %__MODULE__{since_ms: now_ms}

  @doc "Something has come, to one that hibernates or awaits an answer."
  @spec woken(t, integer, after_ms :: pos_integer) :: t
  def woken(wakefulness, now_ms, after_ms) do
    cond do
      now_ms - wakefulness.since_ms >= @calm_ms ->
        %{wakefulness | since_ms: now_ms, wakings: 1}

      wakefulness.wakings < @calm_wakings ->
        %{wakefulness | wakings: wakefulness.wakings + 1}

      true ->
        stay_awake(wakefulness, after_ms)
    end
  end

  @doc "Stays awake, until it is looked at with `:look_idle`."
  @spec stay_awake(t, after_ms :: pos_integer) :: t
  def stay_awake(wakefulness, after_ms),
    do: %{wakefulness | now: Idleness.look_later(after_ms)}

  @doc "Whether it has done little since it was last looked at."
  @spec idle?(t) :: boolean
  def idle?(%{now: mark}), do: is_integer(mark) and Idleness.idle?(mark, @idle_reductions)

  @doc "What has come has no answer yet."
  @spec await(t) :: t
  def await(%{now: :hibernating} = wakefulness), do: %{wakefulness | now: :awaiting}
  def await(awake), do: awake

  @doc "How long to wait for an answer."
  @spec answer_ms(after_ms :: pos_integer) :: pos_integer
  def answer_ms(after_ms), do: min(@answer_ms, after_ms)

  @doc "Nothing is left to do: whether to hibernate."
  @spec rest(t) :: {:hibernate, t} | :stay
  def rest(%{now: :hibernating} = wakefulness), do: {:hibernate, wakefulness}
  def rest(%{now: :awaiting} = wakefulness), do: {:hibernate, sleep(wakefulness)}
  def rest(_awake), do: :stay

  @spec sleep(t) :: t
  def sleep(wakefulness), do: %{wakefulness | now: :hibernating}
end
