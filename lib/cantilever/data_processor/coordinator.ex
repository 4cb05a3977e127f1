defmodule Cantilever.DataProcessor.Coordinator do
  @moduledoc false
  # The process of one batch: it starts and watches the workers around the pure `Batch`, enforces the timeout whatever the caller does
  # meanwhile, and keeps every message of the batch out of the caller's mailbox. It watches the caller, too:
  #
  #   * the caller dies: the coordinator kills the workers, also those inside user code, and ends;
  #   * the coordinator is killed: its links take the workers along, and the caller's call exits;
  #   * a worker dies: one item is lost, its journal keeps the ones before, and a new worker goes on.
  #
  # A worker that does not die at once, because it is inside native code that cannot be interrupted, no longer counts as running, but its
  # journal is not given to another one before it is gone.

  use GenServer

  alias Cantilever.DataProcessor.Batch
  alias Cantilever.DataProcessor.Journal
  alias Cantilever.DataProcessor.Watch
  alias Cantilever.DataProcessor.Worker

  @heartbeat_ms 100

  @enforce_keys [:caller, :caller_ref, :fun, :options, :batch, :group_leader]
  defstruct [
    :caller,
    :caller_ref,
    :fun,
    :options,
    :batch,
    :group_leader,
    :waiting,
    :timer,
    timer_at: :infinity,
    wake_at: :infinity,
    workers: %{},
    refs: %{},
    dying: %{},
    tables: []
  ]

  @type reply :: %{
          segments: [Batch.placed()],
          demand: Batch.demand(),
          completed: non_neg_integer,
          failed: non_neg_integer,
          finished?: boolean
        }

  @doc "Starts the coordinator of a batch that the calling process owns."
  @spec start(Batch.mode(), (term -> term), Cantilever.DataProcessor.Options.t()) :: pid
  def start(mode, fun, options) do
    arguments = [self(), Process.group_leader(), mode, fun, options]

    {:ok, pid} =
      Task.Supervisor.start_child(Cantilever.TaskSupervisor, __MODULE__, :run, arguments)

    pid
  catch
    :exit, {:noproc, _call} ->
      raise "a batch needs the application :cantilever, which is not running. Start it with " <>
              "Application.ensure_all_started(:cantilever), or in a Mix task with " <>
              "Mix.Task.run(\"app.start\")"
  end

  @doc "Gives it items from the source."
  @spec put(pid, list, non_neg_integer, non_neg_integer) :: :ok
  def put(coordinator, items, count, elapsed_us) do
    GenServer.cast(coordinator, {:put, items, count, elapsed_us})
  end

  @doc "Waits until there are results, room for more items, or nothing left to do."
  @spec take(pid, boolean) :: reply
  def take(coordinator, closed?), do: GenServer.call(coordinator, {:take, closed?}, :infinity)

  @doc "Ends the batch; the workers have been sent their kill signal when this returns."
  @spec stop(pid) :: :ok
  def stop(coordinator) do
    GenServer.call(coordinator, :stop, :infinity)
  catch
    :exit, _already_gone -> :ok
  end

  @doc false
  @spec run(pid, pid, Batch.mode(), (term -> term), Cantilever.DataProcessor.Options.t()) ::
          no_return
  def run(caller, group_leader, mode, fun, options) do
    Process.flag(:trap_exit, true)

    # Whole chunks pass through here; kept off the heap, they are not copied by every collection on their way.
    Process.flag(:message_queue_data, :off_heap)

    :gen_server.enter_loop(__MODULE__, [], %__MODULE__{
      caller: caller,
      caller_ref: Process.monitor(caller),
      fun: fun,
      options: options,
      batch: Batch.new(mode, options),
      group_leader: group_leader
    })
  end

  # Only `enter_loop` starts this process.
  @impl GenServer
  def init(_argument), do: :ignore

  @impl GenServer
  def handle_cast({:put, items, count, elapsed_us}, state) do
    {:noreply, proceed(%{state | batch: Batch.put(state.batch, items, count, elapsed_us)})}
  end

  @impl GenServer
  def handle_call({:take, closed?}, from, state) do
    batch = if closed?, do: Batch.close(state.batch), else: state.batch

    _ =
      if state.options.on_progress,
        do: Process.send_after(self(), {:heartbeat, from}, @heartbeat_ms)

    {:noreply, proceed(%{state | batch: batch, waiting: from})}
  end

  def handle_call(:stop, _from, state), do: {:stop, :normal, :ok, state}

  @impl GenServer
  def handle_info({:done, first, segment, elapsed_us}, state) do
    case forget(state, first) do
      {nil, state} ->
        {:noreply, state}

      {worker, state} ->
        Process.demonitor(worker.ref, [:flush])
        batch = Batch.done(state.batch, first, segment, elapsed_us)
        {:noreply, state |> recycle(worker.journal) |> Map.put(:batch, batch) |> proceed()}
    end
  end

  def handle_info({:DOWN, ref, :process, _pid, _reason}, %{caller_ref: ref} = state) do
    {:stop, :normal, state}
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, state) do
    case state do
      %{refs: %{^ref => first}} ->
        {worker, state} = forget(state, first)
        {:ok, position} = Journal.position(worker.journal)
        kind = if reason == :killed, do: :kill, else: :exit
        state = lost(state, first, worker, position, kind, reason)
        {:noreply, state |> recycle(worker.journal) |> proceed()}

      %{dying: %{^ref => journal}} ->
        {:noreply, recycle(%{state | dying: Map.delete(state.dying, ref)}, journal)}

      _unknown ->
        {:noreply, state}
    end
  end

  def handle_info({:timeout, timer, :check}, %{timer: timer} = state) do
    now = now()
    state = %{state | timer: nil, timer_at: :infinity, wake_at: :infinity}
    {:noreply, state.workers |> Enum.reduce(state, &check(&1, &2, now)) |> proceed()}
  end

  def handle_info({:heartbeat, from}, %{waiting: from} = state), do: {:noreply, reply(state)}

  # Exits of linked workers, which their monitors report as well, and timers that came too late.
  def handle_info(_message, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state) do
    Enum.each(state.workers, fn {_first, worker} -> Process.exit(worker.pid, :kill) end)
  end

  defp proceed(state) do
    case Batch.start(state.batch) do
      {chunk, batch} -> %{state | batch: batch} |> start_worker(chunk) |> proceed()
      :none -> state |> arm() |> answer()
    end
  end

  defp answer(%{waiting: nil} = state), do: state

  defp answer(%{batch: batch} = state) do
    {wanted, _size} = Batch.demand(batch)
    if wanted > 0 or Batch.ready?(batch) or Batch.finished?(batch), do: reply(state), else: state
  end

  defp reply(state) do
    {segments, batch} = Batch.take(state.batch)

    GenServer.reply(state.waiting, %{
      segments: segments,
      demand: Batch.demand(batch),
      completed: batch.completed,
      failed: batch.failed,
      finished?: Batch.finished?(batch)
    })

    %{state | batch: batch, waiting: nil}
  end

  defp start_worker(state, chunk) do
    {table, tables} = table(chunk, state.tables)
    journal = Journal.new(chunk.first, table)
    {pid, ref} = Worker.start(chunk, state.fun, journal, state.group_leader)
    now = now()

    watch = Watch.new(chunk.count, state.options.chunk_size, now)
    worker = %{pid: pid, ref: ref, journal: journal, watch: watch}

    %{
      state
      | tables: tables,
        workers: Map.put(state.workers, chunk.first, worker),
        refs: Map.put(state.refs, worker.ref, chunk.first),
        wake_at: min(state.wake_at, Watch.due(watch, state.options.timeout, now))
    }
  end

  # A single item has none before it to keep.
  defp table(%{count: 1}, tables), do: {nil, tables}
  defp table(_chunk, [table | tables]), do: {table, tables}
  defp table(_chunk, []), do: {Journal.new_table(), []}

  defp recycle(state, %{table: nil}), do: state
  defp recycle(state, journal), do: %{state | tables: [journal.table | state.tables]}

  defp forget(state, first) do
    case Map.pop(state.workers, first) do
      {nil, _workers} ->
        {nil, state}

      {worker, workers} ->
        {worker, %{state | workers: workers, refs: Map.delete(state.refs, worker.ref)}}
    end
  end

  defp lost(state, first, worker, position, kind, reason) do
    outcomes = Journal.outcomes(worker.journal)
    %{state | batch: Batch.lost(state.batch, first, outcomes, position, kind, reason)}
  end

  defp check({first, worker}, state, now) do
    {:ok, position} = Journal.position(worker.journal)
    {worker, state} = cut(worker, state, first, position, now)
    worker = %{worker | watch: Watch.seen(worker.watch, position, now)}

    if Watch.overdue?(worker.watch, state.options.timeout, now) and
         Journal.claim(worker.journal, position) == :ok,
       do: kill(state, first, position),
       else: watch(state, first, worker, now)
  end

  defp cut(worker, state, first, position, now) do
    if Watch.cut?(worker.watch, now) and Journal.cut(worker.journal, position) == :ok do
      elapsed_us = (now - worker.watch.started) * 1_000
      worker = %{worker | watch: Watch.cut(worker.watch)}
      {worker, %{state | batch: Batch.cut(state.batch, first, position, elapsed_us)}}
    else
      {worker, state}
    end
  end

  defp kill(state, first, position) do
    {worker, state} = forget(state, first)
    Process.exit(worker.pid, :kill)
    state = lost(state, first, worker, position, :timeout, state.options.timeout)
    %{state | dying: Map.put(state.dying, worker.ref, worker.journal)}
  end

  defp watch(state, first, worker, now) do
    due = Watch.due(worker.watch, state.options.timeout, now)
    workers = Map.put(state.workers, first, worker)
    %{state | workers: workers, wake_at: min(state.wake_at, due)}
  end

  defp arm(%{timer_at: at, wake_at: wake_at} = state) when at <= wake_at, do: state

  defp arm(state) do
    _ = if state.timer, do: :erlang.cancel_timer(state.timer)
    timer = :erlang.start_timer(state.wake_at, self(), :check, abs: true)
    %{state | timer: timer, timer_at: state.wake_at}
  end

  defp now, do: System.monotonic_time(:millisecond)
end
