defmodule Cantilever.NativeLogger do
  @moduledoc false
  # Hands to the Logger and to telemetry what native code has to say. Each library sends its events to this process by
  # its name, some hundred to a message, with a credit: a resource that a library hands out few of, and gets back when
  # nothing refers to it any more. That bounds the mailbox, so each message has to be collected before the
  # next ones can come: the process hibernates behind it. It keeps nothing, so that it can be restarted at any time.

  use GenServer

  alias Cantilever.NativePanic
  alias Cantilever.Telemetry

  @why_lost "they came faster than the Logger took them"

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @impl GenServer
  def init([]), do: {:ok, nil}

  @impl GenServer
  def handle_info({:native_events, module, events, lost, _credit}, state) do
    if lost > 0 do
      log(
        :warning,
        module,
        "#{inspect(module)}: #{lost} records of native code were lost: #{@why_lost}",
        %{}
      )
    end

    Enum.each(events, &tell(&1, module))
    {:noreply, state, :hibernate}
  end

  def handle_info(_unknown, state), do: {:noreply, state}

  # The record's own time, because it may have waited.
  defp tell({:record, level, time_us, text, target, native_module, file, line}, module) do
    metadata =
      %{time: time_us, target: target}
      |> put(:native_module, native_module)
      |> put(:file, file && String.to_charlist(file))
      |> put(:line, line)

    log(level, module, text, metadata)
  end

  defp tell({:panic, message, file, line}, module) do
    panic = %NativePanic{message: message, file: file, line: line}
    text = "#{inspect(module)}: #{Exception.message(panic)}"
    log(:error, module, text, %{crash_reason: {panic, []}})
  end

  defp tell({:slow, function, arity, schedule, duration_ns}, module) do
    Telemetry.execute(
      [:cantilever, :nif, :slow],
      %{duration: System.convert_time_unit(duration_ns, :nanosecond, :native)},
      %{module: module, function: function, arity: arity, schedule: schedule}
    )
  end

  # Not by Logger's macros, which would name this module as the one that logs.
  defp log(level, module, text, metadata) do
    if :logger.allow(level, module) do
      :logger.log(level, text, Map.merge(metadata, %{module: module, domain: [:cantilever]}))
    end
  end

  defp put(metadata, _key, nil), do: metadata
  defp put(metadata, key, value), do: Map.put(metadata, key, value)
end
