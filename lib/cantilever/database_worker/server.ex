defmodule Cantilever.DatabaseWorker.Server do
  @moduledoc false
  # Owns the connections and lends them. It runs no statement itself, so it always answers: what may take long, opening, rolling back what a
  # dead process has left and closing, is done by processes that it watches.

  use GenServer

  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Lease
  alias Cantilever.DatabaseWorker.Options
  alias Cantilever.DatabaseWorker.Pool
  alias Cantilever.DatabaseWorker.Upkeep

  @enforce_keys [:options, :pool]
  # Which place each process that is opening or rolling back works for, by its monitor.
  defstruct [:options, :pool, at_work: %{}]

  @type t :: %__MODULE__{
          options: Options.t(),
          pool: Pool.t(),
          at_work: %{reference => non_neg_integer}
        }

  @first_pause 20
  @longest_pause 2_000
  # Less than what a supervisor gives by default.
  @closing_ms 4_000

  @spec start_link(Options.t()) :: GenServer.on_start()
  def start_link(%Options{name: nil} = options), do: GenServer.start_link(__MODULE__, options)

  def start_link(options),
    do: GenServer.start_link(__MODULE__, options, name: options.name)

  ## Callbacks

  @impl GenServer
  @spec init(Options.t()) :: {:ok, t}
  def init(options) do
    Process.flag(:trap_exit, true)
    pool = Pool.new(options.readers, options.max_queue)
    {:ok, open(%__MODULE__{options: options, pool: pool}, 0)}
  end

  @impl GenServer
  def handle_info({:check_out, pid, ref, role}, state) do
    role = Pool.role(state.pool, role)

    case Pool.refusal(state.pool, role) do
      nil -> {:noreply, enqueue(state, pid, ref, role)}
      failure -> {:noreply, answer(ref, {:error, failure}, state)}
    end
  end

  def handle_info({:check_in, ref, condition}, state) do
    case Pool.lent_to(state.pool, &(&1.ref == ref)) do
      nil -> {:noreply, state}
      place -> {:noreply, take_back(state, place, condition)}
    end
  end

  def handle_info({:doubt, ref, doubt}, state) do
    case Pool.lent_to(state.pool, &(&1.ref == ref)) do
      nil -> {:noreply, state}
      %{doubt: :lost} -> {:noreply, state}
      place -> {:noreply, %{state | pool: Pool.update(state.pool, place.id, doubt: doubt)}}
    end
  end

  def handle_info({:give_up, ref}, state), do: {:noreply, forget(state, &(&1.ref == ref))}

  def handle_info({:open, id}, state), do: {:noreply, open(state, id)}

  def handle_info({:settle, id}, state), do: {:noreply, settle(state, state.pool.places[id])}

  def handle_info({:DOWN, monitor, :process, _pid, reason}, state) do
    case Map.pop(state.at_work, monitor) do
      {nil, _at_work} -> {:noreply, forget(state, &(&1.monitor == monitor))}
      {id, at_work} -> {:noreply, done(%{state | at_work: at_work}, id, reason)}
    end
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state) do
    deadline = Deadline.new(@closing_ms)

    connections =
      for {_id, %{connection: connection}} <- state.pool.places, connection != nil, do: connection

    await([Upkeep.close_all(connections) | Map.keys(state.at_work)], deadline)
  end

  # What is not done by then is done all the same, but nobody waits for it.
  defp await([], _deadline), do: :ok

  defp await([monitor | monitors], deadline) do
    receive do
      # It would be closed when nobody refers to it any more, but that may be later than who stops a worker expects.
      {:DOWN, ^monitor, :process, _pid, {:opened, connection}} ->
        await([Upkeep.close_all([connection]) | monitors], deadline)

      {:DOWN, ^monitor, :process, _pid, _reason} ->
        await(monitors, deadline)
    after
      Deadline.left(deadline) -> await(monitors, deadline)
    end
  end

  ## Lending

  defp enqueue(state, pid, ref, role) do
    borrower = %Pool.Borrower{pid: pid, ref: ref, monitor: Process.monitor(pid), role: role}

    case Pool.enqueue(state.pool, borrower) do
      {:ok, pool} ->
        lend(%{state | pool: pool}, role)

      :full ->
        Process.demonitor(borrower.monitor, [:flush])
        answer(ref, {:error, overloaded(state, role)}, state)
    end
  end

  defp lend(state, role) do
    case Pool.next(state.pool, role) do
      nil -> state
      {borrower, place, pool} -> lend(%{state | pool: pool}, borrower, place)
    end
  end

  defp lend(state, borrower, place) do
    case Upkeep.lend(place.connection) do
      {:ok, number} ->
        lease = %Lease{
          connection: place.connection,
          number: number,
          worker: self(),
          ref: borrower.ref,
          max_result: state.options.max_result_bytes
        }

        pool = Pool.update(state.pool, place.id, state: :lent, borrower: borrower, doubt: nil)
        answer(borrower.ref, {:ok, lease}, %{state | pool: pool})

      {:error, _not_there} ->
        # Somebody uses it beyond his lease or has closed it, or the library was upgraded.
        settle(%{state | pool: Pool.put_back(state.pool, borrower)}, place)
    end
  end

  defp take_back(state, place, condition) do
    Process.demonitor(place.borrower.monitor, [:flush])

    if condition == :good and place.doubt == nil do
      pool = Pool.update(state.pool, place.id, state: :idle, borrower: nil)
      lend(%{state | pool: pool}, place.role)
    else
      settle_or_replace(state, place)
    end
  end

  # A database in memory is gone with its connection, so that one is kept as long as there is one.
  defp settle_or_replace(state, place) do
    case {place.doubt, state.options.path} do
      {nil, _path} -> settle(state, place)
      {:doubtful, :memory} -> settle(state, place)
      {_doubt, _path} -> replace(state, place)
    end
  end

  # Who waits or has a connection, and will not come back for it.
  defp forget(state, fun) do
    case Pool.lent_to(state.pool, fun) do
      nil ->
        {borrower, pool} = Pool.take_waiting(state.pool, fun)
        if borrower, do: Process.demonitor(borrower.monitor, [:flush])
        %{state | pool: pool}

      place ->
        Process.demonitor(place.borrower.monitor, [:flush])
        settle_or_replace(state, place)
    end
  end

  ## Upkeep

  defp open(state, id) do
    place = state.pool.places[id]
    work(state, place, :opening, Upkeep.open(state.options, place.role))
  end

  # Rolls back what is open, as soon as the call that has the connection is over.
  defp settle(state, place), do: work(state, place, :settling, Upkeep.settle(place.connection))

  defp replace(state, place) do
    Upkeep.close(place.connection)
    open(state, place.id)
  end

  defp work(state, place, kind, monitor) do
    connection = if kind == :settling, do: place.connection
    pool = Pool.update(state.pool, place.id, state: kind, borrower: nil, connection: connection)
    %{state | pool: pool, at_work: Map.put(state.at_work, monitor, place.id)}
  end

  defp done(state, id, {:opened, connection}) do
    changes = [state: :idle, connection: connection, attempts: 0, failure: nil]
    pool = Pool.update(state.pool, id, changes)
    state = %{state | pool: pool}
    lend(open_readers(state, id), pool.places[id].role)
  end

  defp done(state, id, :settled) do
    pool = Pool.update(state.pool, id, state: :idle)
    lend(%{state | pool: pool}, pool.places[id].role)
  end

  defp done(state, id, {:failed, failure}) do
    place = state.pool.places[id]
    Process.send_after(self(), {:open, id}, pause(place.attempts))
    failure = unavailable(failure, state.options)
    pool = Pool.update(state.pool, id, attempts: place.attempts + 1, failure: failure)
    refuse_waiting(%{state | pool: pool})
  end

  # It was not settled, or whoever did it was killed.
  defp done(state, id, reason) do
    case {state.pool.places[id], reason} do
      {%{state: :settling} = place, {:lost, _why}} ->
        replace(state, place)

      {%{state: :settling}, _reason} when state.options.path == :memory ->
        Process.send_after(self(), {:settle, id}, @first_pause)
        state

      {%{state: :settling} = place, _reason} ->
        replace(state, place)

      {_opening, _reason} ->
        open(state, id)
    end
  end

  # The writer has made the file what the readers expect.
  defp open_readers(state, 0) do
    Enum.reduce(state.pool.places, state, fn
      {id, %{state: :opening, connection: nil, failure: nil}}, state when id > 0 ->
        if id in Map.values(state.at_work), do: state, else: open(state, id)

      _other, state ->
        state
    end)
  end

  defp open_readers(state, _reader), do: state

  defp refuse_waiting(state) do
    for role <- [:writer, :reader], failure = Pool.refusal(state.pool, role), reduce: state do
      state -> refuse_waiting(state, role, failure)
    end
  end

  defp refuse_waiting(state, role, failure) do
    {waiting, pool} = Pool.give_up_waiting(state.pool, role)

    Enum.reduce(waiting, %{state | pool: pool}, fn borrower, state ->
      Process.demonitor(borrower.monitor, [:flush])
      answer(borrower.ref, {:error, failure}, state)
    end)
  end

  defp pause(attempts) do
    pause = min(@first_pause * Integer.pow(2, min(attempts, 10)), @longest_pause)
    pause - :rand.uniform(div(pause, 2))
  end

  defp answer(ref, answer, state) do
    send(ref, {ref, answer})
    state
  end

  ## Errors

  defp unavailable(failure, options) do
    %Error{
      reason: :unavailable,
      message: "the database #{shown(options.path)} cannot be opened: #{failure.message}",
      code: failure.code,
      cause: failure.reason
    }
  end

  defp overloaded(state, role) do
    %Error{
      reason: :overloaded,
      message: "#{state.options.max_queue} callers wait for a #{role} already"
    }
  end

  defp shown(:memory), do: "in memory"
  defp shown(path), do: path
end
