defmodule MyApp.PictureMessages.Gate do
  @moduledoc false
  # Lets as many processes in at once as the limits say, has some wait, and refuses the others at once. Who dies, inside or waiting,
  # has left.

  use GenServer

  alias MyApp.PictureMessages.Limits

  # The gate itself looks at timeouts. Who waits does so a little longer, in case it cannot even do that.
  @grace_ms 1_000

  @typep visitor :: %{
           pid: pid(),
           monitor: reference(),
           user_id: term(),
           from: GenServer.from(),
           timer: reference() | nil
         }

  @typep t :: %{limits: Limits.t(), inside: %{pid() => visitor()}, waiting: [visitor()]}

  @spec start_link({GenServer.name(), Limits.t()}) :: GenServer.on_start()
  def start_link({name, limits}), do: GenServer.start_link(__MODULE__, limits, name: name)

  # The limits are what counts inside.
  @spec enter(GenServer.server(), term(), non_neg_integer(), non_neg_integer()) ::
          {:ok, Limits.t()} | {:error, {atom(), String.t()}}
  def enter(gate, user_id, bytes, timeout_ms) do
    GenServer.call(gate, {:enter, user_id, bytes, timeout_ms}, timeout_ms + @grace_ms)
  catch
    :exit, _away_or_late ->
      leave(gate)
      {:error, {:unavailable, "nobody says whether a picture may be posted; try again"}}
  end

  @spec leave(GenServer.server()) :: :ok
  def leave(gate), do: GenServer.cast(gate, {:leave, self()})

  @impl GenServer
  def init(limits), do: {:ok, %{limits: limits, inside: %{}, waiting: []}}

  @impl GenServer
  def handle_call({:enter, user_id, bytes, timeout_ms}, from, state) do
    %{limits: limits, inside: inside, waiting: waiting} = state

    cond do
      bytes > limits.max_bytes ->
        refuse(state, :too_large, "the picture has #{bytes} bytes, more than #{limits.max_bytes}")

      of_user(state, user_id) >= limits.per_user ->
        refuse(state, :overloaded, "the user has #{limits.per_user} pictures under way already")

      map_size(inside) < limits.at_once ->
        {:noreply, let_in(state, visitor(from, user_id, nil))}

      length(waiting) < limits.max_waiting ->
        visitor = visitor(from, user_id, timeout_ms)
        {:noreply, %{state | waiting: waiting ++ [visitor]}}

      true ->
        refuse(state, :overloaded, "#{limits.max_waiting} pictures are waiting already")
    end
  end

  @impl GenServer
  def handle_cast({:leave, pid}, state), do: {:noreply, gone(state, pid)}

  @impl GenServer
  def handle_info({:DOWN, _monitor, :process, pid, _reason}, state),
    do: {:noreply, gone(state, pid)}

  def handle_info({:late, monitor}, state) do
    case Enum.find(state.waiting, &(&1.monitor == monitor)) do
      nil ->
        {:noreply, state}

      visitor ->
        message = "the time was over while the picture waited for others"
        GenServer.reply(visitor.from, {:error, {:timeout, message}})
        {:noreply, gone(state, visitor.pid)}
    end
  end

  @spec visitor(GenServer.from(), term(), non_neg_integer() | nil) :: visitor()
  defp visitor({pid, _tag} = from, user_id, timeout_ms) do
    monitor = Process.monitor(pid)
    timer = if timeout_ms, do: Process.send_after(self(), {:late, monitor}, timeout_ms)
    %{pid: pid, monitor: monitor, user_id: user_id, from: from, timer: timer}
  end

  @spec let_in(t(), visitor()) :: t()
  defp let_in(state, visitor) do
    _left_ms = visitor.timer && Process.cancel_timer(visitor.timer)
    GenServer.reply(visitor.from, {:ok, state.limits})
    put_in(state.inside[visitor.pid], visitor)
  end

  defp gone(state, pid) do
    {left, waiting} = Enum.split_with(state.waiting, &(&1.pid == pid))
    {visitor, inside} = Map.pop(state.inside, pid)

    for %{monitor: monitor} <- List.wrap(visitor) ++ left,
        do: Process.demonitor(monitor, [:flush])

    next(%{state | inside: inside, waiting: waiting})
  end

  defp next(%{waiting: [visitor | waiting]} = state)
       when map_size(state.inside) < state.limits.at_once,
       do: next(let_in(%{state | waiting: waiting}, visitor))

  defp next(state), do: state

  defp of_user(state, user_id),
    do: Enum.count(Map.values(state.inside) ++ state.waiting, &(&1.user_id == user_id))

  defp refuse(state, reason, message), do: {:reply, {:error, {reason, message}}, state}
end
