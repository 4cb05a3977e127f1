defmodule Cantilever.Chat.PatientRegistry do
  @moduledoc false
  # A Registry that starts only once the partitions of one that was killed are gone. They have names, so a restart in their last
  # moment fails, and the supervisor would use up all its restarts in that moment.

  @patience_ms 5_000

  @spec child_spec(keyword) :: Supervisor.child_spec()
  def child_spec(options),
    do: %{id: options[:name], start: {__MODULE__, :start_link, [options]}, type: :supervisor}

  @spec start_link(keyword) :: Supervisor.on_start()
  def start_link(options) do
    case Registry.start_link(options) do
      {:error, {:shutdown, {:failed_to_start_child, _partition, {:already_started, orphan}}}} ->
        monitor = Process.monitor(orphan)

        receive do
          {:DOWN, ^monitor, :process, ^orphan, _reason} -> start_link(options)
        after
          @patience_ms ->
            Process.demonitor(monitor, [:flush])
            {:error, {:already_started, orphan}}
        end

      other ->
        other
    end
  end
end
