defmodule Cantilever.Telemetry do
  @moduledoc """
  The events that tell what the kit does, for the library `:telemetry`.

      :telemetry.attach_many("my-app", Cantilever.Telemetry.events(), &MyApp.Metrics.handle/4, nil)

  The kit does not depend on `:telemetry`: where that is not loaded, there are no events, and they cost nothing.

  | event | measurements | metadata |
  |---|---|---|
  | `[:cantilever, :nif, :slow]` | `duration` | `module`, `function`, `arity`, `schedule` |
  | `[:cantilever, :batch, :start]` | `system_time`, `monotonic_time` | `call`, `function`, `options`, `telemetry_span_context` |
  | `[:cantilever, :batch, :stop]` | `duration`, `monotonic_time`, `items`, `ok`, `errors` | as for `:start` |
  | `[:cantilever, :batch, :exception]` | `duration`, `monotonic_time` | as for `:start`, and `kind`, `reason`, `stacktrace` |

  All times are in native units: see `System.convert_time_unit/3`.

  ## Native calls that hold a scheduler

  `[:cantilever, :nif, :slow]` comes after a call of a Normal function, or one slice of a Yielding one whose
  loop has too few checkpoints, that held its scheduler for longer than the setting `slow_ms` of the library
  (`load_data: [cantilever: [slow_ms: 1]]`; 1 by default, `:off` for none). `schedule` is `:normal` or
  `:yielding`. No shorter call is reported; a longer one surely is when it takes twice as long, give or take
  what the system's timers are late (some 0.1 ms, more on a machine that is overloaded). `duration` is counted
  from the first look at the call, so it may lack up to the limit. A thread that the system took off the
  processor in the middle of a call held its scheduler, too. Events are handled in a process of the kit's.
  Dirty functions are not watched, nor are those of plain Rustler.

  ## Batches

  The events of `Cantilever.DataProcessor` are a span as `:telemetry.span/3` makes it, in the process that
  runs the batch. `call` is `:process_batch`, `:process_batch!` or `:stream`, `function` the function that is
  called with each item, and `options` a map of the batch's options with their defaults. `items` counts the
  outcomes that the caller was given, of which `ok` and `errors` are the parts.

  The span of a stream is one consumption of it, from its first item on. One that is stopped early, as by
  `Enum.take/2`, ends with `:stop`. `:exception` is for what the caller sees as one: the enumerable that is
  read, the consumer of a stream, or a progress function raises, or `process_batch!/3` meets a failure. An
  item that fails in the other two is counted in `errors`.
  """

  @events [
    [:cantilever, :nif, :slow],
    [:cantilever, :batch, :start],
    [:cantilever, :batch, :stop],
    [:cantilever, :batch, :exception]
  ]

  @doc """
  Returns the names of all events.

      iex> [:cantilever, :batch, :stop] in Cantilever.Telemetry.events()
      true
  """
  @spec events() :: [[atom, ...], ...]
  def events, do: @events

  @doc false
  # Who has attached a handler has loaded the library, so it is not looked for on disk.
  @spec loaded?() :: boolean
  def loaded?, do: function_exported?(library(), :execute, 3)

  @doc false
  @spec execute([atom, ...], map, map) :: :ok
  def execute(event, measurements, metadata) do
    if loaded?(), do: library().execute(event, measurements, metadata), else: :ok
  end

  # Called by its name, a library that need not be there would be one that compiler and dialyzer miss.
  @spec library() :: module
  defp library, do: :telemetry
end
