defmodule Cantilever.Bench.Responsiveness.Plan do
  @moduledoc """
  What is measured, for how long and how often.

      iex> [first | _] = Cantilever.Bench.Responsiveness.Plan.cells(true)
      iex> first
      %{job: :arithmetic, callers: 1, priority: :normal, way: :idle, duration_ms: 100}

  A round takes every cell once: idle and pure Elixir in each group, right beside the ways that are compared with them.
  """

  alias Cantilever.Bench.Markdown
  alias Cantilever.Bench.Responsiveness.Ways

  @type cell :: %{
          job: atom,
          callers: pos_integer,
          priority: :normal | :low,
          way: Ways.t(),
          duration_ms: pos_integer
        }

  @groups for job <- [:arithmetic, :records, :thumbnail],
              group <- [{1, :normal}, {2, :normal}, {4, :normal}, {4, :low}, {16, :normal}],
              do: {job, group}

  # How long the callers' shares are measured, where they are to be judged: so that each makes 20 calls of 20 ms and
  # more on two cores.
  @fair_ms [{4, 4_000}, {16, 10_000}]
  @fair_ways [:elixir, :rustler_dirty, :kit_yielding]
  @quick_fair_ms [{4, 1_200}, {16, 4_000}]

  @doc "How many rounds there are."
  @spec rounds(quick :: boolean) :: pos_integer
  def rounds(quick?), do: if(quick?, do: 1, else: 3)

  @doc "What a round measures, in order."
  @spec cells(quick :: boolean) :: [cell]
  def cells(quick?) do
    for {job, {callers, priority}} <- @groups, way <- Ways.all(), way != :rustler_normal do
      duration_ms = if quick?, do: 100, else: duration_ms(job, callers)
      %{job: job, callers: callers, priority: priority, way: way, duration_ms: duration_ms}
    end
  end

  @doc """
  What one round measures alone. A plain function blocks every scheduler for as long as it is called in a loop, so that
  a second round would tell nothing more.
  """
  @spec blocking_cells(quick :: boolean) :: [cell]
  def blocking_cells(quick?) do
    for {job, {callers, priority}} <- @groups do
      duration_ms = if quick?, do: 100, else: 1_000

      %{
        job: job,
        callers: callers,
        priority: priority,
        way: :rustler_normal,
        duration_ms: duration_ms
      }
    end
  end

  @doc "What is measured once more, for as long as fairness can be judged."
  @spec fair_cells(quick :: boolean) :: [cell]
  def fair_cells(quick?) do
    {lengths, ways} =
      if quick?, do: {@quick_fair_ms, [:kit_yielding]}, else: {@fair_ms, @fair_ways}

    for {callers, duration_ms} <- lengths, way <- ways do
      %{job: :arithmetic, callers: callers, priority: :normal, way: way, duration_ms: duration_ms}
    end
  end

  @doc """
  What a group is called.

      iex> Cantilever.Bench.Responsiveness.Plan.title(%{job: :records, callers: 1, priority: :low})
      "records, 1 caller, low priority"
  """
  @spec title(%{
          :job => atom,
          :callers => pos_integer,
          :priority => :normal | :low,
          optional(atom) => term
        }) :: String.t()
  def title(%{job: job, callers: callers, priority: priority}) do
    Enum.join(
      [
        "#{job}",
        Markdown.callers(callers) | if(priority == :low, do: ["low priority"], else: [])
      ],
      ", "
    )
  end

  defp duration_ms(:arithmetic, callers) when callers <= 2, do: 1_500
  defp duration_ms(:arithmetic, callers) when callers <= 4, do: 2_000
  defp duration_ms(:arithmetic, _callers), do: 2_500
  defp duration_ms(_job, _callers), do: 1_000
end
