defmodule Cantilever.Bench.Sweep do
  @moduledoc """
  Looks at the node beside one thing after the other, in turns with an idle one.

      {idle, figures} = Cantilever.Bench.Sweep.run([10, 20], 5, 2_500, fn slice_us -> sample(slice_us) end)
      figures[20].p99_us.value
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.{Figures, Progress}
  alias Cantilever.Responsiveness

  @doc "The figures of an idle node, of which a sample takes `idle_ms`, and those of each key, as `sample` takes them."
  @spec run([key], pos_integer, pos_integer, (key -> Responsiveness.Sample.t())) ::
          {Figures.t(), %{key => Figures.t()}}
        when key: term
  def run(keys, rounds, idle_ms, sample) do
    progress = Progress.new((length(keys) + 1) * rounds)

    step = fn taken ->
      :ok = Progress.step(progress)
      taken
    end

    idle = fn -> step.(Responsiveness.sample(nil, duration: idle_ms)) end

    [{:idle, idle} | Enum.map(keys, &{{:key, &1}, fn -> step.(sample.(&1)) end})]
    |> Bench.rounds(rounds, warm_up: false)
    |> Map.pop!(:idle)
    |> then(fn {idle, samples} ->
      {Figures.of(idle),
       Map.new(samples, fn {{:key, key}, taken} -> {key, Figures.of(taken)} end)}
    end)
  end

  @doc "What the JSON record has of figures: the named ones, each with its rounds."
  @spec results(String.t(), Figures.t(), [{String.t(), atom, String.t()}]) :: [Bench.result()]
  def results(title, figures, named) do
    for {name, key, unit} <- named do
      Bench.result("#{title}: #{name}", Map.fetch!(figures, key).rounds, unit)
    end
  end
end
