defmodule Cantilever.Bench.Chat.Growth do
  @moduledoc """
  Whether what was sampled levels off: the median of the last third against that of the middle one.

      iex> samples = for minute <- 1..9, do: %{processes: 100 + min(minute, 3)}
      iex> Cantilever.Bench.Chat.Growth.grown(samples, :processes)
      0.0
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.Machine

  @mega 1_000_000

  # {what, title, divisor, unit, what it may be more in the last third}. What is in flight differs from sample to sample.
  @parts [
    {:rss, "resident memory", @mega, "MB", 16},
    {:total, "memory of the VM", @mega, "MB", 8},
    {:processes_memory, "memory of processes", @mega, "MB", 6},
    {:binary, "memory of binaries", @mega, "MB", 6},
    {:ets, "memory of tables", @mega, "MB", 1},
    {:tables, "tables", 1, "", 2},
    {:atoms, "atoms", 1, "", 50},
    {:processes, "processes", 1, "", 60},
    {:ports, "ports", 1, "", 2},
    {:handles, "file handles", 1, "", 8}
  ]

  @type sample :: %{optional(atom) => number | nil}

  @doc "Collects the garbage of all processes, and measures."
  @spec sample() :: sample
  def sample do
    Enum.each(Process.list(), &:erlang.garbage_collect/1)
    memory = Map.new(:erlang.memory())

    %{
      rss: Machine.resident_bytes(),
      total: memory.total,
      processes_memory: memory.processes,
      binary: memory.binary,
      ets: memory.ets,
      tables: length(:ets.all()),
      atoms: :erlang.system_info(:atom_count),
      processes: :erlang.system_info(:process_count),
      ports: :erlang.system_info(:port_count),
      handles: handles()
    }
  end

  @doc "The results and goals of samples in the order in which they were taken."
  @spec judge([sample]) :: {[Bench.result()], [Bench.goal()]}
  def judge(samples) do
    parts = for {part, _, _, _, _} = all <- @parts, Enum.all?(samples, & &1[part]), do: all

    {for {part, title, divisor, unit, _most} <- parts do
       Bench.result("soak: #{title}", Enum.map(samples, &(&1[part] / divisor)), unit)
     end,
     for {part, title, divisor, unit, most} <- parts do
       unit = if unit == "", do: "", else: " (#{unit})"
       Bench.goal("soak: growth of #{title}#{unit}", grown(samples, part) / divisor, "<=", most)
     end}
  end

  @doc "By how much the median of the last third is above that of the middle one."
  @spec grown([sample], atom) :: float
  def grown(samples, part) do
    third = div(length(samples), 3)
    [last, middle] = samples |> Enum.reverse() |> Enum.chunk_every(third) |> Enum.take(2)
    (median(last, part) - median(middle, part)) / 1
  end

  defp median(samples, part), do: samples |> Enum.map(& &1[part]) |> Bench.median()

  # Nil where the system has no /proc.
  defp handles do
    case File.ls("/proc/self/fd") do
      {:ok, handles} -> length(handles)
      {:error, _none} -> nil
    end
  end
end
