defmodule Cantilever.Bench.JSON.Collections do
  @moduledoc """
  Counts the garbage collections that take a millisecond or more, as the VM reports them.

      {:ok, collections} = Cantilever.Bench.JSON.Collections.start_link()
      Cantilever.Responsiveness.sample(work)
      Cantilever.Bench.JSON.Collections.take(collections)
      #=> %{count: 12, longest_ms: 41}

  A node has one system monitor, and a sample takes it over; but it forwards what others had asked for before.
  """

  use GenServer

  @threshold_ms 1
  @none %{count: 0, longest_ms: 0}

  @type seen :: %{count: non_neg_integer, longest_ms: non_neg_integer}

  @doc "Begins to count."
  @spec start_link() :: GenServer.on_start()
  def start_link, do: GenServer.start_link(__MODULE__, nil)

  @doc "What was counted since the last time."
  @spec take(pid) :: seen
  def take(collections), do: GenServer.call(collections, :take)

  @impl GenServer
  def init(nil) do
    _ = :erlang.system_monitor(self(), long_gc: @threshold_ms)
    {:ok, @none}
  end

  @impl GenServer
  def handle_call(:take, _from, seen), do: {:reply, seen, @none}

  @impl GenServer
  def handle_info({:monitor, _pid, :long_gc, info}, seen) do
    ms = Keyword.fetch!(info, :timeout)
    {:noreply, %{count: seen.count + 1, longest_ms: max(seen.longest_ms, ms)}}
  end

  def handle_info(_other, seen), do: {:noreply, seen}
end
