defmodule Cantilever.DatabaseWorker.Deadline do
  @moduledoc false
  # When the time of a call is over, whatever it waits for until then.

  @enforce_keys [:at]
  defstruct [:at]

  # Monotonic, in µs.
  @type t :: %__MODULE__{at: integer | :infinity}

  @spec new(pos_integer | :infinity) :: t
  def new(:infinity), do: %__MODULE__{at: :infinity}
  def new(timeout), do: %__MODULE__{at: now() + timeout * 1_000}

  # The one that comes first.
  @spec sooner(t, t) :: t
  def sooner(%__MODULE__{at: one}, %__MODULE__{at: other}), do: %__MODULE__{at: min(one, other)}

  # What is left, in ms rounded up, as receive takes it.
  @spec left(t) :: non_neg_integer | :infinity
  def left(%__MODULE__{at: :infinity}), do: :infinity
  def left(%__MODULE__{at: at}), do: max(0, div(at - now() + 999, 1_000))

  @spec over?(t) :: boolean
  def over?(deadline), do: left(deadline) == 0

  # What the native functions take: what is left in µs, and the time on a clock that they can read too.
  @spec clock(t) :: {integer, nil | non_neg_integer}
  def clock(%__MODULE__{at: at}) do
    left = if at == :infinity, do: nil, else: max(0, at - now())
    {:os.system_time(:microsecond), left}
  end

  defp now, do: System.monotonic_time(:microsecond)
end
