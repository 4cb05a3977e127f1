defmodule Cantilever.WebServer.Drainer do
  @moduledoc false
  # Closes the WebSockets of a server that stops, so many a second, and waits for all connections to end. It is stopped after the listener and before
  # the connections.

  use GenServer

  alias Cantilever.Pacing
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.ConnectionSupervisor

  @tick_ms 50
  @grace_ms 1_000

  @spec child_spec(Cantilever.WebServer.Options.t()) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: __MODULE__,
      start: {__MODULE__, :start_link, [options.name]},
      shutdown: options.drain_timeout_ms + @grace_ms
    }
  end

  @spec start_link(atom) :: GenServer.on_start()
  def start_link(name),
    do: GenServer.start_link(__MODULE__, name, name: Config.part(name, __MODULE__))

  @spec drain(atom) :: :ok
  def drain(name), do: GenServer.call(Config.part(name, __MODULE__), :drain, :infinity)

  @impl GenServer
  def init(name) do
    Process.flag(:trap_exit, true)
    {:ok, name}
  end

  @impl GenServer
  def handle_call(:drain, _from, name), do: {:reply, close_all(name), name}

  @impl GenServer
  def handle_info(_exit, name), do: {:noreply, name}

  # Where the supervisor was killed, what comes after it is waiting for its names.
  @impl GenServer
  def terminate(:killed, _name), do: :ok
  def terminate(_stopped, name), do: close_all(name)

  defp close_all(name) do
    config = Config.fetch!(name)
    Config.drain(config)
    %{drain_per_s: per_s, drain_timeout_ms: timeout_ms} = config.options
    until = now_ms() + timeout_ms
    name |> ConnectionSupervisor.pids() |> Pacing.send_each(:drain_connection, per_s, until)
    wait(name, until)
  end

  defp wait(name, until) do
    if ConnectionSupervisor.count(name) > 0 and now_ms() < until do
      receive after: (@tick_ms -> :ok)
      wait(name, until)
    else
      :ok
    end
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
