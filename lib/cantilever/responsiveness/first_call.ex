defmodule Cantilever.Responsiveness.FirstCall do
  @moduledoc false
  # Calls a function once before it is measured, so that what does not work at all is said in one line, and what comes back is seen.

  alias Cantilever.Responsiveness.Expression
  alias Cantilever.Responsiveness.Runner
  alias Cantilever.Responsiveness.Units

  @longest_result 72

  @doc "How long the call took and what it returned, as a sentence; the error, as one too."
  @spec make((() -> term)) :: {:ok, String.t()} | {:error, String.t()}
  def make(fun) do
    # In a process of its own, as processes that the call links to itself may die with it. What it starts for later calls outlives it.
    Runner.run(&Runner.call(&1, fn -> outcome(fun) end))
  catch
    :exit, {:call_ended, reason} ->
      {:error, "the expression #{Expression.explain(:exit, reason, [])}"}
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
