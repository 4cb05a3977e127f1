defmodule Cantilever.Responsiveness.Outcome do
  @moduledoc false
  # How a function ended, as a term: made in one process, it has the same effect in another.

  @typedoc "What it returned, or what it raised, threw or exited with."
  @type t(result) ::
          {:ok, result} | {:error | :exit | :throw, reason :: term, Exception.stacktrace()}

  @doc """
  Calls `fun`, and tells how that ended.

      iex> Cantilever.Responsiveness.Outcome.of(fn -> 1 + 1 end)
      {:ok, 2}
  """
  @spec of((() -> result)) :: t(result) when result: term
  def of(fun) do
    {:ok, fun.()}
  catch
    kind, reason -> {kind, reason, __STACKTRACE__}
  end

  @doc "The result; or ends as the function did."
  @spec get!(t(result)) :: result when result: term
  def get!({:ok, result}), do: result
  def get!({kind, reason, stacktrace}), do: :erlang.raise(kind, reason, stacktrace)
end
