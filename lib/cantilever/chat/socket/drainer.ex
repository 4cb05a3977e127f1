defmodule Cantilever.Chat.Socket.Drainer do
  @moduledoc false
  # Closes the connections of a chat when it is stopped, so many a second: their clients come back to another node, and not all at once.

  use GenServer

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Users

  @per_s 1_000
  @shutdown_ms 30_000
  @tick_ms 100

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

  @impl GenServer
  def init({chat, per_s}) do
    Process.flag(:trap_exit, true)
    {:ok, {Config.fetch!(chat), max(div(per_s * @tick_ms, 1_000), 1)}}
  end

  @impl GenServer
  def terminate(_reason, {config, per_tick}) do
    config
    |> Users.pids()
    |> Enum.chunk_every(per_tick)
    |> Enum.each(fn pids ->
      Enum.each(pids, &send(&1, :drain))
      # Supervisors kill what is not done in its time.
      receive after: (@tick_ms -> :ok)
    end)
  end
end
