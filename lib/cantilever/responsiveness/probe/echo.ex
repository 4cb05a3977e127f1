defmodule Cantilever.Responsiveness.Probe.Echo do
  @moduledoc false
  # A process that answers whatever it is asked, as an ordinary process would. The probe has one on each scheduler.

  @doc "Starts one on each scheduler that is online, linked to the caller."
  @spec start_all() :: [pid]
  def start_all, do: Enum.map(1..System.schedulers_online(), &start/1)

  # The option that binds a process to a scheduler is not documented, though as old as the schedulers themselves. Where it is refused
  # the process goes where the VM puts it: it may then sit beside another one, and some held scheduler be seen by nobody.
  defp start(scheduler) do
    :erlang.spawn_opt(__MODULE__, :loop, [], [:link, {:scheduler, scheduler}])
  rescue
    ArgumentError -> spawn_link(__MODULE__, :loop, [])
  end

  @doc false
  @spec loop() :: no_return
  def loop do
    receive do
      {:ask, from, tag} -> send(from, {:answer, tag})
      _other -> :ignored
    end

    loop()
  end
end
