defmodule Cantilever.WebServer.Acceptor do
  @moduledoc false
  # Takes connections, and hands each to a process of its own. It dies with the listener.

  use Task, restart: :permanent

  alias Cantilever.Rate
  alias Cantilever.WebServer.Addresses
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Connection
  alias Cantilever.WebServer.Counters
  alias Cantilever.WebServer.Listener
  alias Cantilever.WebServer.Refusals
  alias Cantilever.WebServer.Stream

  # Out of file handles, for one: it goes on when others have closed.
  @out_of_handles_ms 100

  @no_listener_ms 10

  @spec start_link(atom) :: {:ok, pid}
  def start_link(name), do: Task.start_link(__MODULE__, :run, [name])

  @doc false
  @spec run(atom) :: no_return
  def run(name) do
    config = Config.fetch!(name)
    %{accepts_per_s: per_s, acceptors: acceptors} = config.options
    per_s = max(div(per_s, acceptors), 1)
    accept(socket(name), config, per_s, Rate.new(per_s, now_ms()))
  end

  # Between the death of the listener and its own, an acceptor may start again more often than it may fail.
  defp socket(name) do
    Listener.socket(name)
  catch
    :exit, _no_listener ->
      receive after: (@no_listener_ms -> :ok)
      socket(name)
  end

  defp accept(listening, config, per_s, rate) do
    case Rate.take(rate, per_s, per_s, now_ms()) do
      {:ok, rate} ->
        case Stream.accept(listening, config.direct?) do
          {:ok, stream} -> hand_over(stream, config)
          {:error, reason} -> failed(reason)
        end

        accept(listening, config, per_s, rate)

      {:wait, ms, rate} ->
        receive after: (ms -> :ok)
        accept(listening, config, per_s, rate)
    end
  end

  defp failed(reason) when reason in [:emfile, :enfile, :enomem, :enobufs, :system_limit],
    do: receive(after: (@out_of_handles_ms -> :ok))

  # Whoever it was has gone again.
  defp failed(reason) when reason in [:econnaborted, :timeout], do: :ok
  defp failed(reason), do: exit({:shutdown, {:accept, reason}})

  defp hand_over(stream, config) do
    Counters.add(config.counters, :accepted)

    cond do
      not room?(config, &room_for_one_more?/1) -> refuse(stream, config, :refused, 503)
      config.addresses == nil -> serve(stream, config, fn _connection -> :ok end)
      true -> hand_over_by_address(stream, config)
    end
  end

  defp hand_over_by_address(stream, %{addresses: addresses} = config) do
    case Stream.peer(stream) do
      nil ->
        Stream.close(stream)

      {ip, _port} ->
        if room?(config, &Addresses.admit(&1.addresses, ip)),
          do: serve(stream, config, &Addresses.enter(addresses, &1, ip)),
          else: refuse(stream, config, :refused_by_address, 429)
    end
  end

  defp serve({kind, socket} = stream, config, enter) do
    case ConnectionSupervisor.start_connection(config, kind) do
      {:ok, connection} ->
        Counters.add(config.counters, :opened)
        # Before it can end.
        _entered = enter.(connection)

        # One that has gone meanwhile is found out by its process, unless that has gone, too.
        _handed_over =
          with {:error, _reason} <- Stream.give(stream, connection, config.direct?),
               false <- Process.alive?(connection),
               do: Stream.close(stream)

        Connection.serve(connection, socket)

      {:error, :restarting} ->
        refuse(stream, config, :refused, 503)
    end
  end

  defp refuse(stream, config, count, status) do
    Counters.add(config.counters, count)
    Refusals.refuse(config, stream, status)
  end

  # Connections that were killed have not counted themselves off. To count takes as long as there are connections, so a crowd that is refused does
  # not have each of its members counted for.
  defp room?(config, room?) do
    room?.(config) or (Config.recount?(config) and recount(config) and room?.(config))
  end

  defp recount(%{counters: counters} = config) do
    Counters.add(
      counters,
      :closed,
      max(open(config) - ConnectionSupervisor.count(config.name), 0)
    )

    _counted = Addresses.recount(config.addresses)
    true
  end

  defp room_for_one_more?(config), do: open(config) < config.options.max_connections

  defp open(%{counters: counters}),
    do: Counters.get(counters, :opened) - Counters.get(counters, :closed)

  defp now_ms, do: System.monotonic_time(:millisecond)
end
