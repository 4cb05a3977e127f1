defmodule Cantilever.WebServer.Addresses do
  @moduledoc false
  # How many connections each address has, where that is limited: in tables that all write to. Connections that were killed have not
  # taken themselves out, and are looked for when an address seems to have too many.

  @enforce_keys [:limit, :counts, :connections]
  defstruct @enforce_keys

  @type t :: %__MODULE__{limit: pos_integer, counts: :ets.table(), connections: :ets.table()}

  @doc "The tables are the calling process's; nil where there is no limit."
  @spec new(pos_integer | nil) :: t | nil
  def new(nil), do: nil

  def new(limit) do
    options = [:set, :public, write_concurrency: true]

    %__MODULE__{
      limit: limit,
      counts: :ets.new(:counts, options),
      connections: :ets.new(:connections, options)
    }
  end

  @doc "Counts one more in, unless an address has as many as it may."
  @spec admit(t, :inet.ip_address()) :: boolean
  def admit(addresses, ip) do
    admitted? = :ets.update_counter(addresses.counts, ip, {2, 1}, {ip, 0}) <= addresses.limit
    unless admitted?, do: count_off(addresses, ip)
    admitted?
  end

  @doc "Whose connection it was."
  @spec enter(t, pid, :inet.ip_address()) :: true
  def enter(addresses, connection, ip), do: :ets.insert(addresses.connections, {connection, ip})

  @doc "Counts a connection off, once."
  @spec leave(t | nil, pid) :: term
  def leave(nil, _connection), do: :ok

  def leave(addresses, connection) do
    for {_connection, ip} <- :ets.take(addresses.connections, connection),
        do: count_off(addresses, ip)
  end

  @doc "Counts off those that are dead."
  @spec recount(t | nil) :: term
  def recount(nil), do: :ok

  def recount(addresses) do
    for [connection] <- :ets.match(addresses.connections, {:"$1", :_}),
        not Process.alive?(connection),
        do: leave(addresses, connection)
  end

  defp count_off(addresses, ip) do
    if :ets.update_counter(addresses.counts, ip, {2, -1}) == 0,
      do: :ets.delete_object(addresses.counts, {ip, 0})
  end
end
