defmodule Cantilever.Collecting do
  @moduledoc false
  # The collector at work while native code keeps terms.

  @doc "Collects the heap of a process again and again, until it has died."
  @spec collect_until_dead(pid()) :: :ok
  def collect_until_dead(pid) do
    if :erlang.garbage_collect(pid), do: collect_until_dead(pid), else: :ok
  end
end
