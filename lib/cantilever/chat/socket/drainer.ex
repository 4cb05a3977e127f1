defmodule Cantilever.Chat.Socket.Drainer do
  @moduledoc false
  # Closes the connections of a chat when it is stopped, so many a second: their clients come back to another node, and not all at once. Phoenix stops
  # it before what listens, so those who come back too early are refused.

  use GenServer

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Users
  alias Cantilever.Pacing

  @per_s 1_000
  @shutdown_ms 30_000
  @tick_ms 100
  @end_ms 2_000

  @spec child_spec_for(keyword) :: Supervisor.child_spec() | :ignore
  def child_spec_for(options) do
    case Keyword.get(options, :drainer, []) do
      false ->
        :ignore

      drainer ->
        drainer = Keyword.validate!(drainer, per_s: @per_s, shutdown: @shutdown_ms)
        chat = Options.mount!(options).chat

        %{
          id: {__MODULE__, chat},
          start: {GenServer, :start_link, [__MODULE__, {chat, drainer[:per_s]}]},
          shutdown: drainer[:shutdown]
        }
    end
  end

  @spec draining?(atom) :: boolean
  def draining?(chat), do: :persistent_term.get({__MODULE__, chat}, false)

  @impl GenServer
  def init({chat, per_s}) do
    Process.flag(:trap_exit, true)
    :persistent_term.put({__MODULE__, chat}, false)
    {:ok, {Config.fetch!(chat), per_s}}
  end

  # Supervisors kill what is not done in its time.
  @impl GenServer
  def terminate(_reason, {config, per_s}) do
    :persistent_term.put({__MODULE__, config.name}, true)
    pids = Users.pids(config)

    Pacing.send_each(pids, :drain, per_s, :never)
    wait(pids, System.monotonic_time(:millisecond) + @end_ms)
  end

  # Clients that are busy need a moment to read why, before the server closes what is left.
  defp wait(pids, until) do
    if System.monotonic_time(:millisecond) < until and Enum.any?(pids, &Process.alive?/1) do
      receive after: (@tick_ms -> :ok)
      wait(pids, until)
    end
  end
end
