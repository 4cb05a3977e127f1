defmodule Cantilever.Responsiveness.FirstCall do
  @moduledoc false
  # Calls a function once before it is measured, so that what does not work at all is said in one line, and what comes back is seen. Of a
  # call that takes long it says so, as one that does not end looks the same as one that was never made.

  alias Cantilever.Responsiveness.CallTimeout
  alias Cantilever.Responsiveness.Expression
  alias Cantilever.Responsiveness.Runner
  alias Cantilever.Units

  @longest_result 72
  @patience_ms 5_000

  @doc """
  How long the call took and what it returned, as a sentence; the error, as one too.

  Options:

    * `:timeout` - how long to wait for the call to end; default `:infinity`.
    * `:patience_ms` - from when on to say that it is still running, about; default `#{@patience_ms}`.
    * `:tell` - called with this sentence, once, in the calling process; default: it is written to standard error.
  """
  @spec make((() -> term),
          timeout: timeout,
          patience_ms: non_neg_integer,
          tell: (String.t() -> any)
        ) ::
          {:ok, String.t()} | {:error, String.t()}
  def make(fun, options \\ []) do
    timeout = Keyword.get(options, :timeout, :infinity)

    # In a process of its own, as processes that the call links to itself may die with it. What it starts for later calls outlives it.
    Runner.run(&Runner.call(&1, fn -> outcome(fun) end, timeout), sign_of_life(options))
  rescue
    error in CallTimeout -> {:error, Exception.message(error)}
  catch
    :exit, {:call_ended, reason} ->
      {:error, "the expression #{Expression.explain(:exit, reason, [])}"}
  end

  # Once, as no second time would say more.
  defp sign_of_life(options) do
    patience_ms = Keyword.get(options, :patience_ms, @patience_ms)
    tell = Keyword.get(options, :tell, &IO.puts(:standard_error, &1))
    began = System.monotonic_time(:millisecond)
    told = :atomics.new(1, [])

    fn ->
      elapsed_ms = System.monotonic_time(:millisecond) - began

      if elapsed_ms >= patience_ms and :atomics.exchange(told, 1, 1) == 0 do
        tell.("the first call has run for #{div(elapsed_ms, 1_000)} s; Ctrl-C twice ends it")
      end
    end
  end

  defp outcome(fun) do
    began = System.monotonic_time(:microsecond)
    result = fun.()
    took = Units.duration(System.monotonic_time(:microsecond) - began)
    {:ok, "one call took #{took} and returned #{shown(result)}#{warning(result)}"}
  catch
    kind, reason -> {:error, "the expression #{Expression.explain(kind, reason, __STACKTRACE__)}"}
  end

  defp shown(result) do
    text = result |> inspect(limit: 8, printable_limit: @longest_result) |> Expression.line()

    if String.length(text) > @longest_result,
      do: String.slice(text, 0, @longest_result) <> "…",
      else: text
  end

  # It may be meant, so it is measured nevertheless.
  defp warning(result)
       when result == :error or
              (is_tuple(result) and tuple_size(result) > 0 and elem(result, 0) == :error),
       do: "\nnote: that is an error, and the time that an error takes is what is measured"

  defp warning(_result), do: ""
end
