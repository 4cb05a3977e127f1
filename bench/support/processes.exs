defmodule Cantilever.Bench.Processes do
  @moduledoc """
  Ends processes that a bench has started.

      Cantilever.Bench.Processes.kill(spawn_link(fn -> receive do: (:never -> :ok) end))
  """

  @doc "Kills a process, which may be linked to the calling one, and waits until it is gone."
  @spec kill(pid) :: :ok
  def kill(pid) do
    monitor = Process.monitor(pid)
    Process.unlink(pid)
    Process.exit(pid, :kill)
    receive do: ({:DOWN, ^monitor, :process, ^pid, _reason} -> :ok)
  end
end
