defmodule Cantilever.WebServer.Counters do
  @moduledoc false
  # What a server counts, without a process in between.

  @names [
    :accepted,
    :refused,
    :refused_by_address,
    :opened,
    :closed,
    :requests,
    :upgraded,
    :rejected_origins,
    :rejected_sockets,
    :frames_in,
    :bytes_in,
    :frames_out,
    :bytes_out,
    :writes,
    :slow_clients,
    :idle_clients,
    :flooding_clients,
    :slowed_clients,
    :broken_frames
  ]

  @indices @names |> Enum.with_index(1) |> Map.new()

  @type t :: :counters.counters_ref()

  @spec new() :: t
  def new, do: :counters.new(length(@names), [:write_concurrency])

  @spec add(t, atom, integer) :: :ok
  def add(counters, name, by \\ 1), do: :counters.add(counters, index(name), by)

  @spec get(t, atom) :: integer
  def get(counters, name), do: :counters.get(counters, index(name))

  @spec names() :: [atom]
  def names, do: @names

  for {name, index} <- @indices, do: defp(index(unquote(name)), do: unquote(index))
end
