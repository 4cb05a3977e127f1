defmodule Cantilever.DataProcessor.Batch do
  @moduledoc false
  # The state of a batch, without a process or a clock: which chunk to start next, what came back, what may be handed to the caller, and
  # how many items the caller may read from its source. The coordinator is the process around it.
  #
  # An item is *pending* (read, not begun), *running*, *ready* (computed, not handed over) or handed over. In the streaming modes the
  # first three together never exceed `max_concurrency * chunk_size` items; a batch that is collected into a list keeps its results
  # anyway, so there only pending and running count, twice as many may be, and a straggler at the head holds nothing up.

  alias Cantilever.DataProcessor.Chunk
  alias Cantilever.DataProcessor.ChunkSize
  alias Cantilever.DataProcessor.Segment

  @enforce_keys [:mode, :max_concurrency, :retries, :size]
  defstruct [
    :mode,
    :max_concurrency,
    :retries,
    :size,
    pending: [],
    arrived: :queue.new(),
    unstarted: 0,
    running: %{},
    in_flight: 0,
    ready: [],
    waiting: %{},
    ready_count: 0,
    next_in: 0,
    next_out: 0,
    completed: 0,
    failed: 0,
    closed?: false
  ]

  @type t :: %__MODULE__{}
  @type mode :: :ordered | :unordered | :collected
  @type placed :: {first :: non_neg_integer, Segment.t()}
  @type demand :: {chunks :: non_neg_integer, size :: pos_integer}

  @doc "An empty batch."
  @spec new(mode, Cantilever.DataProcessor.Options.t()) :: t
  def new(mode, options) do
    %__MODULE__{
      mode: mode,
      max_concurrency: options.max_concurrency,
      retries: options.retries,
      size: ChunkSize.new(options.chunk_size)
    }
  end

  @doc "Takes in items from the source, which took `elapsed_us` to read."
  @spec put(t, list, non_neg_integer, non_neg_integer) :: t
  def put(batch, [], 0, _elapsed_us), do: batch

  def put(batch, items, count, elapsed_us) do
    chunk = %Chunk{first: batch.next_in, count: count, items: items}

    %{
      batch
      | arrived: :queue.in(chunk, batch.arrived),
        unstarted: batch.unstarted + count,
        in_flight: batch.in_flight + count,
        next_in: batch.next_in + count,
        size: ChunkSize.pulled(batch.size, count, elapsed_us)
    }
  end

  @doc "Notes that the source has no more items."
  @spec close(t) :: t
  def close(batch), do: %{batch | closed?: true}

  @doc "The next chunk to start, if there is one and a worker may run."
  @spec start(t) :: {Chunk.t(), t} | :none
  def start(%{running: running, max_concurrency: max}) when map_size(running) >= max, do: :none
  def start(%{unstarted: 0}), do: :none

  def start(batch) do
    {chunk, batch} = unqueue(batch)
    {chunk, rest} = Chunk.split(chunk, batch.size.current)

    batch = %{
      batch
      | running: Map.put(batch.running, chunk.first, chunk),
        unstarted: batch.unstarted - chunk.count,
        pending: if(rest, do: [rest | batch.pending], else: batch.pending)
    }

    {chunk, batch}
  end

  @doc "A worker has handed in its chunk."
  @spec done(t, non_neg_integer, Segment.t(), non_neg_integer) :: t
  def done(batch, first, segment, elapsed_us) do
    {chunk, batch} = pop(batch, first)
    batch = %{batch | size: ChunkSize.computed(batch.size, chunk.count, elapsed_us)}
    settle(batch, chunk, segment)
  end

  @doc "The running chunk `first` ends after `count` items; what follows goes to other workers."
  @spec cut(t, non_neg_integer, pos_integer, non_neg_integer) :: t
  def cut(batch, first, count, elapsed_us) do
    {chunk, rest} = Chunk.split(Map.fetch!(batch.running, first), count)

    requeue(
      %{
        batch
        | running: Map.put(batch.running, first, chunk),
          size: ChunkSize.computed(batch.size, count, elapsed_us)
      },
      rest
    )
  end

  @doc """
  The worker of the chunk `first` is gone while it was at item `position` (counted from 1), after it left `outcomes`. That item has
  failed, unless its outcome is there, too.
  """
  @spec lost(t, non_neg_integer, [Segment.outcome()], pos_integer, :exit | :kill | :timeout, term) ::
          t
  def lost(batch, first, outcomes, position, kind, reason) do
    {chunk, batch} = pop(batch, first)
    batch = %{batch | size: ChunkSize.lost(batch.size)}

    outcomes =
      if position > length(outcomes) do
        outcomes ++ [{:error, Chunk.error(chunk, length(outcomes), kind, reason)}]
      else
        outcomes
      end

    {chunk, rest} = Chunk.split(chunk, length(outcomes))
    settle(requeue(batch, rest), chunk, Segment.from_outcomes(outcomes))
  end

  @doc "Everything that may be handed to the caller now."
  @spec take(t) :: {[placed], t}
  def take(batch) do
    segments = Enum.reverse(batch.ready)
    handed = if batch.mode == :collected, do: 0, else: batch.ready_count
    {segments, %{batch | ready: [], ready_count: 0, in_flight: batch.in_flight - handed}}
  end

  @doc "How many chunks of how many items the caller may read from the source."
  @spec demand(t) :: demand
  def demand(%{closed?: true} = batch), do: {0, batch.size.current}

  def demand(%{size: %{current: size}} = batch) do
    allowed = batch.max_concurrency * read_ahead(batch.mode)
    queued = div(batch.unstarted + size - 1, size)
    free = allowed - map_size(batch.running) - queued
    room = div(allowed * size - batch.in_flight, size)
    {max(min(free, room), 0), size}
  end

  @doc "Whether something can be handed over."
  @spec ready?(t) :: boolean
  def ready?(batch), do: batch.ready != []

  @doc "Whether every item of the closed batch has been handed over."
  @spec finished?(t) :: boolean
  def finished?(batch) do
    batch.closed? and batch.ready == [] and batch.completed == batch.next_in
  end

  defp unqueue(%{pending: [chunk | pending]} = batch), do: {chunk, %{batch | pending: pending}}

  defp unqueue(batch) do
    {{:value, chunk}, arrived} = :queue.out(batch.arrived)
    {chunk, %{batch | arrived: arrived}}
  end

  defp pop(batch, first) do
    {chunk, running} = Map.pop!(batch.running, first)
    {chunk, %{batch | running: running}}
  end

  # Where nobody counts on the bound of a stream, each worker has its next chunk waiting when it ends one.
  defp read_ahead(:collected), do: 2
  defp read_ahead(_streaming), do: 1

  # Back to the front: these items are older than those that have not begun.
  defp requeue(batch, nil), do: batch

  defp requeue(batch, chunk) do
    %{batch | pending: [chunk | batch.pending], unstarted: batch.unstarted + chunk.count}
  end

  defp settle(batch, nil, _nothing), do: batch

  defp settle(batch, chunk, {:results, _results} = segment),
    do: emit(batch, chunk.first, segment, chunk.count)

  defp settle(batch, %{attempt: attempt} = chunk, segment) when attempt > batch.retries do
    emit(batch, chunk.first, segment, chunk.count)
  end

  defp settle(batch, chunk, segment) do
    chunk.items
    |> Enum.zip(Segment.outcomes(segment))
    |> Enum.with_index(chunk.first)
    |> Enum.chunk_by(fn {{_item, outcome}, _index} -> elem(outcome, 0) end)
    |> Enum.reverse()
    |> Enum.reduce(batch, &settle_run(&1, &2, chunk.attempt))
  end

  defp settle_run([{{_item, {:ok, _result}}, first} | _more] = run, batch, _attempt) do
    results = Enum.map(run, fn {{_item, {:ok, result}}, _index} -> result end)
    emit(batch, first, {:results, results}, length(run))
  end

  defp settle_run(run, batch, attempt) do
    run
    |> Enum.reverse()
    |> Enum.reduce(batch, fn {{item, _outcome}, index}, batch ->
      requeue(batch, %Chunk{first: index, count: 1, items: [item], attempt: attempt + 1})
    end)
  end

  defp emit(batch, first, segment, count) do
    failed = batch.failed + Segment.failed(segment)
    deliver(%{batch | completed: batch.completed + count, failed: failed}, first, segment, count)
  end

  defp deliver(%{mode: :collected} = batch, first, segment, count) do
    make_ready(%{batch | in_flight: batch.in_flight - count}, first, segment, count)
  end

  defp deliver(%{mode: :unordered} = batch, first, segment, count) do
    make_ready(batch, first, segment, count)
  end

  defp deliver(%{mode: :ordered, next_out: first} = batch, first, segment, count) do
    batch = make_ready(%{batch | next_out: first + count}, first, segment, count)

    case Map.pop(batch.waiting, batch.next_out) do
      {nil, _waiting} ->
        batch

      {{segment, count}, waiting} ->
        deliver(%{batch | waiting: waiting}, batch.next_out, segment, count)
    end
  end

  defp deliver(batch, first, segment, count) do
    %{batch | waiting: Map.put(batch.waiting, first, {segment, count})}
  end

  defp make_ready(batch, first, segment, count) do
    %{batch | ready: [{first, segment} | batch.ready], ready_count: batch.ready_count + count}
  end
end
