defmodule Cantilever.DataProcessor do
  @moduledoc """
  Runs a function over many items on all cores, and lets no item harm another.

      iex> Cantilever.DataProcessor.process_batch(["6", "7", "x"], &String.to_integer/1)
      ...> |> Enum.map(fn
      ...>   {:ok, number} -> number
      ...>   {:error, error} -> {error.input, error.kind}
      ...> end)
      [6, 7, {"x", :raise}]

  Every item becomes `{:ok, result}` or `{:error, %Cantilever.DataProcessor.Error{}}`, in the order of the input. An item that raises,
  throws, exits, kills its process, hangs or panics in native code costs itself alone: neither the caller, nor the batch, nor the items
  that share its task. `process_batch!/3` gives plain results and raises at the first failure; `stream/3` is the lazy form, for input
  that has no end or does not fit into memory.

  ## Options

  #{Cantilever.DataProcessor.Options.docs()}

  ## What runs where

  The input is read in the caller's process, because it may belong to it. Each chunk of items runs in a task of its own under
  `Cantilever.TaskSupervisor`, not linked to the caller, and with the caller among its `$callers` and its group leader. A process of the
  batch's own stands between them, so that a timeout holds also while the consumer of a stream is busy, and no message ever enters the
  caller's mailbox. When the caller dies, stops reading a stream, or its input raises, the tasks are killed at once, and native code that
  looks at its `CancelToken` stops with them.

  The items of one chunk share a process one after the other. What one leaves in the process dictionary or the mailbox is
  there for the next, and a process that it linked may take a later item along: `chunk_size: 1` gives each item a process of its own. No
  item runs twice, unless `:retries` asks for it.

  ## Memory

  With `stream/3` at most `max_concurrency * chunk_size` items are read ahead of the consumer, running or done: that is backpressure, and
  it holds in both orders, also behind a straggler. With `chunk_size: :auto` that is the size last tuned, at most 4096; a
  fixed size makes the bound yours. Results of chunks larger than 1 exist twice for a while: what a task notes of its items, in case it
  dies, stays until another task writes over it or the batch ends: a chunk's worth for each task that runs at a time.
  `process_batch/3` holds all results, and of the items that are not finished yet at most twice as many as a stream, so that
  a task that ends finds the next chunk waiting.

  In the order of the input, a slow item at the head of a stream lets the tasks behind it run out of room. Where that matters, use
  `process_batch/3`, or `ordered: false` (a function that returns `{item, result}` keeps them together).

  ## Telemetry

  Each batch is a span of `Cantilever.Telemetry`'s events `[:cantilever, :batch, :start | :stop | :exception]`.

  ## Beside `Task.async_stream`

  | | `Task.async_stream/3` | here |
  |---|---|---|
  | an item raises | the caller crashes (linked) | `{:error, error}` |
  | an error tells | the exit reason | kind, reason, stacktrace, input, index, attempts |
  | an item times out | the caller exits, or `on_timeout: :kill_task` | `{:error, %{kind: :timeout}}` |
  | timeout while the consumer is busy | when it looks again | when it is due |
  | a slow item at the head | those behind it run on, and their results pile up | `stream/3` in order waits, for its memory is bounded; `process_batch/3` and `ordered: false` run on |
  | tiny items | a process for each | chunks that tune themselves |
  | progress, retries | by hand | options |
  """

  alias Cantilever.DataProcessor.Error
  alias Cantilever.DataProcessor.HeapRoom
  alias Cantilever.DataProcessor.Options
  alias Cantilever.DataProcessor.Segment
  alias Cantilever.DataProcessor.Session
  alias Cantilever.DataProcessor.Span

  @typedoc "What became of one item."
  @type outcome :: {:ok, term} | {:error, Error.t()}

  @typedoc "See the module's documentation."
  @type option ::
          {:max_concurrency, pos_integer}
          | {:timeout, pos_integer | :infinity}
          | {:ordered, boolean}
          | {:chunk_size, pos_integer | :auto}
          | {:retries, non_neg_integer}
          | {:on_progress,
             nil | (Cantilever.DataProcessor.Progress.t() -> any) | :bar | {:bar, IO.device()}}

  @doc """
  Runs `fun` on every item and returns the outcomes in the order of the input.

      iex> Cantilever.DataProcessor.process_batch(1..3, &(&1 * 2), max_concurrency: 2)
      [ok: 2, ok: 4, ok: 6]

  `data` is any enumerable that ends. Raises `ArgumentError` for a wrong option; what the enumerable itself raises goes
  through to the caller.
  """
  @spec process_batch(Enumerable.t(), (term -> term), [option]) :: [outcome]
  def process_batch(data, fun \\ &Cantilever.Native.intensive_calculation/1, options \\ []) do
    options = validate!(fun, options)

    HeapRoom.with_room_for(data, fn ->
      Span.run(:process_batch, fun, options, fn ->
        segments = collect(data, fun, options, & &1)
        outcomes = Enum.reduce(segments, [], &Segment.outcomes/2)
        {outcomes, fn -> {length(outcomes), failed(segments)} end}
      end)
    end)
  end

  @doc """
  As `process_batch/3`, but gives plain results and raises the first failure.

      iex> Cantilever.DataProcessor.process_batch!(["6", "7"], &String.to_integer/1)
      [6, 7]

  The first failure is the first to happen, which need not be that of the first failing item in the input. It stops the batch.
  """
  @spec process_batch!(Enumerable.t(), (term -> term), [option]) :: [term]
  def process_batch!(data, fun \\ &Cantilever.Native.intensive_calculation/1, options \\ []) do
    options = validate!(fun, options)

    HeapRoom.with_room_for(data, fn ->
      Span.run(:process_batch!, fun, options, fn ->
        results =
          data
          |> collect(fun, options, &no_failure!/1)
          |> Enum.reduce([], fn {:results, results}, tail -> results ++ tail end)

        {results, fn -> {length(results), 0} end}
      end)
    end)
  end

  @doc """
  Gives the outcomes of `process_batch/3` as a lazy stream.

      iex> Stream.iterate(1, &(&1 + 1))
      ...> |> Cantilever.DataProcessor.stream(&(&1 * &1))
      ...> |> Enum.take(3)
      [ok: 1, ok: 4, ok: 9]

  The batch runs as far ahead as its consumer allows. Nothing runs before the stream is consumed, and each consumption is a batch of its own. Stopping early kills the tasks that
  are still running.
  """
  @spec stream(Enumerable.t(), (term -> term), [option]) :: Enumerable.t()
  def stream(data, fun \\ &Cantilever.Native.intensive_calculation/1, options \\ []) do
    options = validate!(fun, options)
    mode = if options.ordered, do: :ordered, else: :unordered

    data
    |> Session.segments(fun, mode, options)
    |> Stream.flat_map(fn {_first, segment} -> Segment.outcomes(segment) end)
    |> Span.stream(fun, options)
  end

  # The segments from the last to the first.
  defp collect(data, fun, options, check) do
    data
    |> Session.segments(fun, :collected, options)
    |> Enum.reduce([], fn placed, collected -> [check.(placed) | collected] end)
    |> then(
      &if(options.ordered, do: Enum.sort_by(&1, fn {first, _segment} -> -first end), else: &1)
    )
    |> Enum.map(fn {_first, segment} -> segment end)
  end

  defp failed(segments), do: Enum.reduce(segments, 0, &(Segment.failed(&1) + &2))

  defp validate!(fun, options) do
    unless is_function(fun, 1) do
      raise ArgumentError, "a batch needs a function of one argument, got: #{inspect(fun)}"
    end

    Options.new!(options)
  end

  defp no_failure!({_first, segment} = placed) do
    if error = Segment.error(segment), do: raise(error), else: placed
  end
end
