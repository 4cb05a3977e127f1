defmodule Cantilever.WebServer.Acceptor do
  @moduledoc false
  # Takes connections, and hands each to a process of its own. It dies with the listener.

  use Task, restart: :permanent

  alias Cantilever.Rate
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Connection
  alias Cantilever.WebServer.Counters
  alias Cantilever.WebServer.Listener

  # Out of file handles, for one: it goes on when others have closed.
  @out_of_handles_ms 100

  @spec start_link(atom) :: {:ok, pid}
  def start_link(name), do: Task.start_link(__MODULE__, :run, [name])

  @doc false
  @spec run(atom) :: no_return
  def run(name) do
    config = Config.fetch!(name)
    %{accepts_per_s: per_s, acceptors: acceptors} = config.options
    per_s = max(div(per_s, acceptors), 1)
    accept(Listener.socket(name), config, per_s, Rate.new(per_s, now_ms()))
  end

  defp accept(listening, config, per_s, rate) do
    case Rate.take(rate, per_s, per_s, now_ms()) do
      {:ok, rate} ->
        case accept(listening) do
          {:ok, socket} -> hand_over({elem(listening, 0), socket}, config)
          {:error, reason} -> failed(reason)
        end

        accept(listening, config, per_s, rate)

      {:wait, ms, rate} ->
        receive after: (ms -> :ok)
        accept(listening, config, per_s, rate)
    end
  end

  defp accept({:tcp, socket}), do: :gen_tcp.accept(socket)
  defp accept({:tls, socket}), do: :ssl.transport_accept(socket)

  defp failed(reason) when reason in [:emfile, :enfile, :enomem, :enobufs],
    do: receive(after: (@out_of_handles_ms -> :ok))

  # Whoever it was has gone again.
  defp failed(reason) when reason in [:econnaborted, :timeout, :system_limit], do: :ok
  defp failed(reason), do: exit({:shutdown, {:accept, reason}})

  defp hand_over({kind, socket}, config) do
    Counters.add(config.counters, :accepted)

    if room_for_one_more?(config) do
      Counters.add(config.counters, :opened)
      {:ok, connection} = ConnectionSupervisor.start_connection(config, kind)
      transport = if kind == :tcp, do: :gen_tcp, else: :ssl

      # One that has gone meanwhile is found out by its process.
      _handed_over = transport.controlling_process(socket, connection)
      Connection.serve(connection, socket)
    else
      Counters.add(config.counters, :refused)
      Connection.refuse({kind, socket})
    end
  end

  # Connections that were killed have not counted themselves off.
  defp room_for_one_more?(config) do
    %{counters: counters, options: %{max_connections: limit}} = config
    open = Counters.get(counters, :opened) - Counters.get(counters, :closed)

    if open < limit do
      true
    else
      in_truth = ConnectionSupervisor.count(config.name)
      Counters.add(counters, :closed, max(open - in_truth, 0))
      in_truth < limit
    end
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
