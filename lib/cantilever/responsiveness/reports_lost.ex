defmodule Cantilever.Responsiveness.ReportsLost do
  @moduledoc """
  Raised by a measurement that cannot tell what held a scheduler, as the VM's reports went elsewhere.

      try do
        Cantilever.Responsiveness.measure(&MyApp.Native.render/0)
      rescue
        error in Cantilever.Responsiveness.ReportsLost -> IO.puts(Exception.message(error))
      end

  The VM has one system monitor (`:erlang.system_monitor/2`). Somebody has set it, or reset it, in the meantime.
  """

  defexception message:
                 "somebody has set the VM's system monitor (:erlang.system_monitor/2) in the meantime, so nobody knows what " <>
                   "held a scheduler: measure again while nobody does"
end
