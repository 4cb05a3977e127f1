defmodule Cantilever.NativeLogger do
  @moduledoc false
  # Hands to the Logger what native code reports without a caller. Native threads send their reports to this
  # process by its name; it keeps nothing, so that it can be restarted at any time.

  use GenServer

  require Logger

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @impl GenServer
  def init([]), do: {:ok, nil}

  @impl GenServer
  def handle_info({:native_panic, module, message, file, line, dropped}, state) do
    panic = %Cantilever.NativePanic{message: message, file: file, line: line}

    Logger.error("#{module}: #{Exception.message(panic)}#{lost(dropped)}",
      crash_reason: {panic, []},
      domain: [:cantilever]
    )

    {:noreply, state}
  end

  def handle_info(_unknown, state), do: {:noreply, state}

  defp lost(0), do: ""
  defp lost(count), do: " (#{count} earlier reports were lost)"
end
