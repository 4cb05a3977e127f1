defmodule Cantilever.Bench.Tail.Admission do
  @moduledoc """
  Lets at most so many calls in at a time; the others wait for their turn, in order.

      {:ok, admission} = Cantilever.Bench.Tail.Admission.start_link(1)
      Cantilever.Bench.Tail.Admission.run(admission, fn -> :answer end)
      #=> :answer

  It stands in for a limit within the kit, which costs less but keeps neighbours waiting as long.
  """

  use GenServer

  @doc "Starts with a limit, at least 1."
  @spec start_link(pos_integer) :: GenServer.on_start()
  def start_link(limit), do: GenServer.start_link(__MODULE__, limit)

  @doc "Calls `fun` once it is let in. A caller that dies inside makes room as well."
  @spec run(pid, (() -> result)) :: result when result: term
  def run(admission, fun) do
    :ok = GenServer.call(admission, :enter, :infinity)

    try do
      fun.()
    after
      GenServer.cast(admission, {:leave, self()})
    end
  end

  # `inside` are the monitors of those that were let in, by process; `waiting` are those that were not.
  @impl GenServer
  def init(limit), do: {:ok, %{free: limit, inside: %{}, waiting: :queue.new()}}

  @impl GenServer
  def handle_call(:enter, from, state) do
    {:noreply, let_in(%{state | waiting: :queue.in(from, state.waiting)})}
  end

  @impl GenServer
  def handle_cast({:leave, pid}, state), do: {:noreply, left(state, pid)}

  @impl GenServer
  def handle_info({:DOWN, _monitor, :process, pid, _reason}, state),
    do: {:noreply, left(state, pid)}

  defp let_in(%{free: 0} = state), do: state

  defp let_in(state) do
    case :queue.out(state.waiting) do
      {{:value, {pid, _tag} = from}, waiting} ->
        :ok = GenServer.reply(from, :ok)
        inside = Map.put(state.inside, pid, Process.monitor(pid))
        let_in(%{state | free: state.free - 1, inside: inside, waiting: waiting})

      {:empty, _waiting} ->
        state
    end
  end

  defp left(state, pid) do
    case Map.pop(state.inside, pid) do
      {nil, _inside} ->
        state

      {monitor, inside} ->
        true = Process.demonitor(monitor, [:flush])
        let_in(%{state | free: state.free + 1, inside: inside})
    end
  end
end
