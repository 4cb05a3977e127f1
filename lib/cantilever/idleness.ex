defmodule Cantilever.Idleness do
  @moduledoc false
  # When a process is to hibernate: one timer for each time that it is awake, and not one for each message, as a GenServer's `hibernate_after`
  # has it, which is a tenth of what a short message costs.

  @typedoc "The process's reductions when it was last looked at."
  @type mark :: non_neg_integer

  @doc "Has `:look_idle` sent to the calling process after some time."
  @spec look_later(pos_integer) :: mark
  def look_later(after_ms) do
    Process.send_after(self(), :look_idle, after_ms)
    reductions()
  end

  @doc "Whether the calling process has done less than that since, which is not worth staying awake for."
  @spec idle?(mark, pos_integer) :: boolean
  def idle?(since, reductions), do: reductions() - since < reductions

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end
end
