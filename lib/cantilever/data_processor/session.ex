defmodule Cantilever.DataProcessor.Session do
  @moduledoc false
  # The caller's side of a batch, as a stream of segments: read from the source what the coordinator has room for, then wait for what it
  # has. The source is read in the caller, because it may belong to it (a file, a transaction, a process dictionary).

  alias Cantilever.DataProcessor.Coordinator
  alias Cantilever.DataProcessor.Reporter
  alias Cantilever.DataProcessor.Source

  @enforce_keys [:coordinator, :source, :reporter, :started]
  defstruct [
    :coordinator,
    :source,
    :reporter,
    :started,
    :failure,
    demand: {0, 1},
    finished?: false
  ]

  @doc "A lazy stream of segments, each with the index of its first item."
  @spec segments(
          Enumerable.t(),
          (term -> term),
          Cantilever.DataProcessor.Batch.mode(),
          Cantilever.DataProcessor.Options.t()
        ) :: Enumerable.t()
  def segments(data, fun, mode, options) do
    Stream.resource(fn -> open(data, fun, mode, options) end, &step/1, &close/1)
  end

  defp open(data, fun, mode, options) do
    total = if options.on_progress, do: Source.total(data)

    %__MODULE__{
      coordinator: Coordinator.start(mode, fun, options),
      source: Source.new(data),
      reporter: Reporter.new(options.on_progress, total),
      started: System.monotonic_time(:millisecond)
    }
  end

  defp step(%{finished?: true} = session), do: {:halt, session}

  defp step(session) do
    case feed(session) do
      {:ok, session} -> collect(session)
      {:failed, session} -> {:halt, session}
    end
  end

  # A source that raises has closed itself. It must not be closed again, so its failure waits in the session for `close/1`.
  defp feed(session) do
    {:ok, pull(session)}
  catch
    kind, reason -> {:failed, %{session | failure: {kind, reason, __STACKTRACE__}}}
  end

  defp pull(%{demand: {0, _size}} = session), do: session
  defp pull(%{source: :done} = session), do: session

  defp pull(%{demand: {chunks, size}} = session) do
    started = System.monotonic_time()
    {items, count, source} = Source.pull(session.source, size)
    elapsed = System.convert_time_unit(System.monotonic_time() - started, :native, :microsecond)
    Coordinator.put(session.coordinator, items, count, elapsed)
    pull(%{session | source: source, demand: {chunks - 1, size}})
  end

  defp collect(session) do
    reply = Coordinator.take(session.coordinator, Source.done?(session.source))
    elapsed = System.monotonic_time(:millisecond) - session.started
    reporter = Reporter.report(session.reporter, reply, elapsed)
    session = %{session | demand: reply.demand, finished?: reply.finished?, reporter: reporter}
    {reply.segments, session}
  end

  defp close(session) do
    Coordinator.stop(session.coordinator)
    Reporter.close(session.reporter)

    case session.failure do
      nil -> Source.close(session.source)
      {kind, reason, stacktrace} -> :erlang.raise(kind, reason, stacktrace)
    end
  end
end
