defmodule Cantilever.Responsiveness.EachScheduler do
  @moduledoc false
  # Processes that are each bound to a scheduler, so that those on free ones run whichever of them is held.

  @doc "Starts a process on each scheduler that is online, with the options of `:erlang.spawn_opt/2`."
  @spec start((() -> any), [:link | {:priority, :normal}, ...]) :: [pid]
  def start(fun, options),
    do: Enum.map(1..System.schedulers_online(), &start_on(&1, fun, options))

  # The option that binds a process to a scheduler is not documented, though as old as the schedulers themselves. Where it is refused
  # the process goes where the VM puts it: it may then sit beside another one, and some held scheduler be seen by nobody.
  defp start_on(scheduler, fun, options) do
    :erlang.spawn_opt(fun, options ++ [scheduler: scheduler])
  rescue
    ArgumentError -> :erlang.spawn_opt(fun, options)
  end
end
