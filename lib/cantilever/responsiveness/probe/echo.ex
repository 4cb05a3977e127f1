defmodule Cantilever.Responsiveness.Probe.Echo do
  @moduledoc false
  # A process that answers whatever it is asked, as an ordinary process would. The probe has one on each scheduler.

  alias Cantilever.Responsiveness.EachScheduler

  @doc "Starts one on each scheduler that is online, linked to the caller."
  @spec start_all() :: [pid]
  def start_all, do: EachScheduler.start(&loop/0, [:link])

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
