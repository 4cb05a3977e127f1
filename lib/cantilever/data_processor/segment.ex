defmodule Cantilever.DataProcessor.Segment do
  @moduledoc false
  # What consecutive items came to. Where all went well, the bare results: a million `{:ok, result}` tuples are not
  # carried from process to process, but made where the caller needs them.

  @type outcome :: {:ok, term} | {:error, Cantilever.DataProcessor.Error.t()}
  @type t :: {:results, [term]} | {:outcomes, [outcome], failed :: pos_integer}

  @doc "From a worker's results and failures, both backwards; each failure comes with its position, counted from 1."
  @spec new([term], [{pos_integer, Cantilever.DataProcessor.Error.t()}]) :: t
  def new(results, []), do: {:results, :lists.reverse(results)}

  def new(results, failures) do
    {:outcomes, merge(results, failures, length(results), []), length(failures)}
  end

  @doc "From outcomes."
  @spec from_outcomes([outcome]) :: t
  def from_outcomes(outcomes) do
    case Enum.count(outcomes, &match?({:error, _error}, &1)) do
      0 -> {:results, Enum.map(outcomes, fn {:ok, result} -> result end)}
      failed -> {:outcomes, outcomes, failed}
    end
  end

  @doc "How many items failed."
  @spec failed(t) :: non_neg_integer
  def failed({:results, _results}), do: 0
  def failed({:outcomes, _outcomes, failed}), do: failed

  @doc "The outcomes, in front of those in `tail`."
  @spec outcomes(t, [outcome]) :: [outcome]
  def outcomes(segment, tail \\ [])
  def outcomes({:results, results}, tail), do: wrap(results, tail)
  def outcomes({:outcomes, outcomes, _failed}, tail), do: outcomes ++ tail

  @doc "The first error, or nil."
  @spec error(t) :: Cantilever.DataProcessor.Error.t() | nil
  def error({:results, _results}), do: nil

  def error({:outcomes, outcomes, _failed}) do
    Enum.find_value(outcomes, fn outcome -> elem(outcome, 0) == :error and elem(outcome, 1) end)
  end

  defp wrap([], tail), do: tail
  defp wrap([result | results], tail), do: [{:ok, result} | wrap(results, tail)]

  defp merge([], [], 0, outcomes), do: outcomes

  defp merge([nil | results], [{position, error} | failures], position, outcomes) do
    merge(results, failures, position - 1, [{:error, error} | outcomes])
  end

  defp merge([result | results], failures, position, outcomes) do
    merge(results, failures, position - 1, [{:ok, result} | outcomes])
  end
end
