defmodule Cantilever.Pacing do
  @moduledoc false
  # Sends a message to many processes, so many a second, that what it makes them do does not come all at once.

  @tick_ms 50

  @doc "Sends until all have it, or until the monotonic time `until_ms` is near; who comes later in the list does not get it then."
  @spec send_each([pid], term, pos_integer, integer | :never) :: :ok
  def send_each(pids, message, per_s, until_ms) do
    some = max(div(per_s * @tick_ms, 1_000), 1)
    send_some(pids, message, some, div(some * 1_000, per_s), until_ms)
  end

  defp send_some([], _message, _some, _pause_ms, _until_ms), do: :ok

  defp send_some(pids, message, some, pause_ms, until_ms) do
    {now, later} = Enum.split(pids, some)
    Enum.each(now, &send(&1, message))

    if later != [] and time_for?(pause_ms, until_ms) do
      receive after: (pause_ms -> :ok)
      send_some(later, message, some, pause_ms, until_ms)
    else
      :ok
    end
  end

  defp time_for?(_pause_ms, :never), do: true

  defp time_for?(pause_ms, until_ms),
    do: System.monotonic_time(:millisecond) + pause_ms < until_ms
end
