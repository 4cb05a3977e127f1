defmodule Cantilever.WebServer.Metrics do
  @moduledoc false
  # The figures of a server and its node in Prometheus' text format.
  # https://prometheus.io/docs/instrumenting/exposition_formats/

  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Counters

  @helps %{
    accepted: "Connections accepted.",
    refused:
      "Connections refused, as there were max_connections, or nobody to serve them for a moment.",
    refused_by_address: "Connections refused, as their address had max_connections_per_ip.",
    requests: "Requests answered.",
    upgraded: "Connections that became WebSockets.",
    rejected_origins: "WebSockets refused to pages of other origins.",
    rejected_sockets: "WebSockets refused by their socket.",
    frames_in: "Frames received.",
    bytes_in: "Bytes received in WebSockets.",
    frames_out: "Frames sent.",
    bytes_out: "Bytes sent in WebSockets.",
    writes: "Writes to WebSockets, of one frame or many.",
    slow_clients: "Clients dropped as they did not read.",
    idle_clients: "Clients dropped as nothing came from them.",
    flooding_clients: "Clients dropped as they sent more than frames_per_s.",
    slowed_clients: "How often a client had to wait as it sent more than bytes_per_s.",
    broken_frames: "Clients dropped as what they sent was no WebSocket's frame."
  }

  @spec content_type() :: String.t()
  def content_type, do: "text/plain; version=0.0.4; charset=utf-8"

  @spec text(Config.t()) :: iodata
  def text(config), do: [server(config), vm()]

  defp server(config) do
    [
      metric("cantilever_web_connections", :gauge, "Connections that are open.", [
        {"", ConnectionSupervisor.count(config.name)}
      ]),
      for(
        name <- Counters.names(),
        help = @helps[name],
        do:
          metric("cantilever_web_#{name}_total", :counter, help, [
            {"", Counters.get(config.counters, name)}
          ])
      )
    ]
  end

  defp vm do
    {{:input, input}, {:output, output}} = :erlang.statistics(:io)
    # Total, and since it was last asked for.
    {reductions, _since} = :erlang.statistics(:reductions)
    # The two last are the dirty ones: CPU, and I/O.
    queues = :erlang.statistics(:run_queue_lengths_all)
    schedulers = :erlang.system_info(:schedulers)
    wall_times = wall_times()

    [
      metric("erlang_vm_processes", :gauge, "Processes.", [
        {"", :erlang.system_info(:process_count)}
      ]),
      metric("erlang_vm_ports", :gauge, "Ports.", [{"", :erlang.system_info(:port_count)}]),
      metric("erlang_vm_atoms", :gauge, "Atoms.", [{"", :erlang.system_info(:atom_count)}]),
      metric(
        "erlang_vm_memory_bytes",
        :gauge,
        "Memory by kind.",
        for({kind, bytes} <- :erlang.memory(), do: {~s({kind="#{kind}"}), bytes})
      ),
      metric("erlang_vm_run_queue", :gauge, "Processes and ports that wait to run.", [
        {~s({queue="normal"}), queues |> Enum.take(schedulers) |> Enum.sum()},
        {~s({queue="dirty_cpu"}), Enum.at(queues, schedulers)},
        {~s({queue="dirty_io"}), Enum.at(queues, schedulers + 1, 0)}
      ]),
      # Nothing while nobody has the VM measure it.
      metric(
        "erlang_vm_scheduler_busy_seconds_total",
        :counter,
        "How long each scheduler was at work.",
        for({id, busy, _all} <- wall_times, do: {~s({scheduler="#{id}"}), seconds(busy)})
      ),
      metric(
        "erlang_vm_scheduler_seconds_total",
        :counter,
        "How long each scheduler was measured.",
        for({id, _busy, all} <- wall_times, do: {~s({scheduler="#{id}"}), seconds(all)})
      ),
      metric("erlang_vm_reductions_total", :counter, "Reductions.", [{"", reductions}]),
      metric("erlang_vm_input_bytes_total", :counter, "Bytes received by ports.", [{"", input}]),
      metric("erlang_vm_output_bytes_total", :counter, "Bytes sent by ports.", [{"", output}]),
      metric("erlang_vm_uptime_seconds", :gauge, "How long the node runs.", [
        {"", div(elem(:erlang.statistics(:wall_clock), 0), 1_000)}
      ])
    ]
  end

  defp wall_times do
    case :erlang.statistics(:scheduler_wall_time) do
      :undefined -> []
      times -> Enum.sort(times)
    end
  end

  defp seconds(native), do: System.convert_time_unit(native, :native, :microsecond) / 1_000_000

  defp metric(name, type, help, values) do
    [
      "# HELP #{name} #{help}\n# TYPE #{name} #{type}\n",
      for({labels, value} <- values, do: "#{name}#{labels} #{value}\n")
    ]
  end
end
