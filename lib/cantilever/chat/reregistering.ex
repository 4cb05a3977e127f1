defmodule Cantilever.Chat.Reregistering do
  @moduledoc false
  # When a process that outlives its registry is to register again. A partition that is gone says so at each try, until it is back: tries
  # that follow at once would be thousands, and each would say so again. So there is one timer for the next try, and one for a look
  # some time after the last partition has gone, as the key and the process of an entry are in tables of two of them.

  @soon_ms 1
  @look_ms 500

  @typedoc "Nil for a process whose registry is as it was."
  @type t :: nil | %{optional(:soon) => reference, optional(:look) => reference}

  @doc "A partition has gone: the process is to register soon, and to look later whether it still is."
  @spec lost(t) :: t
  def lost(timers) do
    timers = soon(timers)
    _ = with %{look: look} <- timers, do: Process.cancel_timer(look)
    Map.put(timers, :look, set(:look, @look_ms))
  end

  @doc "The registry is away: the process is to try soon, with `{:register_again, :soon}`."
  @spec soon(t) :: t
  def soon(%{soon: _timer} = timers), do: timers

  def soon(timers), do: Map.put(timers || %{}, :soon, set(:soon, @soon_ms))

  @doc "A timer has come."
  @spec due(t, :soon | :look) :: t
  def due(timers, which) do
    case Map.delete(timers || %{}, which) do
      none when none == %{} -> nil
      rest -> rest
    end
  end

  defp set(which, ms), do: Process.send_after(self(), {:register_again, which}, ms)
end
