defmodule Cantilever.DataProcessor.Span do
  @moduledoc false
  # The telemetry events around a batch. Where nobody can listen the batch runs bare.

  alias Cantilever.Telemetry

  @enforce_keys [:metadata, :started]
  defstruct [:metadata, :started]

  @type counts :: {items :: non_neg_integer, errors :: non_neg_integer}

  @doc "Runs `fun`, which gives a result and a function that counts, and returns the result."
  @spec run(atom, (term -> term), Cantilever.DataProcessor.Options.t(), (() -> {result, count})) ::
          result
        when result: term, count: (() -> counts)
  def run(call, function, options, fun) do
    if Telemetry.loaded?() do
      span = start(call, function, options)
      {result, count} = guard(span, fun)
      stop(span, count.())
      result
    else
      {result, _count} = fun.()
      result
    end
  end

  @doc "The stream of outcomes, each consumption of which is a span."
  @spec stream(Enumerable.t(), (term -> term), Cantilever.DataProcessor.Options.t()) ::
          Enumerable.t()
  def stream(outcomes, function, options) do
    fn acc, reducer ->
      if Telemetry.loaded?() do
        span = start(:stream, function, options)

        count =
          &Enumerable.reduce(outcomes, &1, fn outcome, acc -> count(outcome, acc, reducer) end)

        consume(span, count, acc, {0, 0})
      else
        Enumerable.reduce(outcomes, acc, reducer)
      end
    end
  end

  # What the consumer has built so far travels with the counts.
  defp consume(span, continue, {command, acc}, counts) do
    case guard(span, fn -> continue.({command, {acc, counts}}) end) do
      {:suspended, {acc, counts}, continue} ->
        {:suspended, acc, &consume(span, continue, &1, counts)}

      {end_of_stream, {acc, counts}} ->
        stop(span, counts)
        {end_of_stream, acc}
    end
  end

  defp count(outcome, {acc, {items, errors}}, reducer) do
    {command, acc} = reducer.(outcome, acc)
    {command, {acc, {items + 1, errors + error(outcome)}}}
  end

  defp error({:ok, _result}), do: 0
  defp error({:error, _error}), do: 1

  defp start(call, function, options) do
    span = %__MODULE__{
      metadata: %{
        call: call,
        function: function,
        options: Map.from_struct(options),
        telemetry_span_context: make_ref()
      },
      started: System.monotonic_time()
    }

    measurements = %{system_time: System.system_time(), monotonic_time: span.started}
    Telemetry.execute([:cantilever, :batch, :start], measurements, span.metadata)
    span
  end

  defp guard(span, fun) do
    fun.()
  catch
    kind, reason ->
      metadata =
        Map.merge(span.metadata, %{kind: kind, reason: reason, stacktrace: __STACKTRACE__})

      Telemetry.execute([:cantilever, :batch, :exception], elapsed(span), metadata)
      :erlang.raise(kind, reason, __STACKTRACE__)
  end

  defp stop(span, {items, errors}) do
    counts = %{items: items, ok: items - errors, errors: errors}

    Telemetry.execute(
      [:cantilever, :batch, :stop],
      Map.merge(elapsed(span), counts),
      span.metadata
    )
  end

  defp elapsed(span) do
    now = System.monotonic_time()
    %{duration: now - span.started, monotonic_time: now}
  end
end
