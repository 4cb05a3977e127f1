Code.require_file("../../../bench/support/figures.exs", __DIR__)

defmodule Cantilever.BenchCells do
  @moduledoc false
  # Made-up figures for the tests of what the benches of responsiveness write.

  alias Cantilever.Bench.Figures

  # Figures with the given values, each the same in all of three rounds unless it is a list.
  def figures(values) do
    defaults = [p50_us: 100, p99_us: 200, p999_us: 300, max_us: 400, calls_per_s: 100.0]
    {plain, rounds} = Keyword.split(values, [:hold_ms, :shares])

    rounds = for {key, value} <- Keyword.merge(defaults, rounds), do: {key, figure(value)}
    struct!(Figures, Keyword.merge([hold_ms: nil, shares: nil], rounds ++ plain))
  end

  def cell(job, callers, way, values, priority \\ :normal) do
    %{job: job, callers: callers, priority: priority, way: way, figures: figures(values)}
  end

  def machine do
    %{cpu: "a CPU", cores: 2, otp: "25.2", elixir: "1.14.0", rustc: "1.95.0", kernel: "Linux 6"}
  end

  defp figure(rounds) when is_list(rounds), do: %{value: Enum.max(rounds), rounds: rounds}
  defp figure(value), do: %{value: value, rounds: [value, value, value]}
end
