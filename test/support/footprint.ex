defmodule Cantilever.Footprint do
  @moduledoc false
  # What this node holds at a moment, after a collection of every process: memory, and what is counted.

  @type part ::
          :rss
          | :total
          | :processes_memory
          | :binary
          | :system
          | :ets
          | :code
          | :processes
          | :ports
          | :atoms
          | :threads
  @type t :: %{part() => non_neg_integer() | nil}

  # Bytes, and numbers of things. `rss` and `threads` are nil where there is no /proc to ask.
  @spec take() :: t()
  def take do
    Enum.each(Process.list(), &:erlang.garbage_collect/1)
    sample()
  end

  # The same without collecting: cheap enough for a node at work.
  @spec sample() :: t()
  def sample do
    memory = :erlang.memory()

    %{
      rss: rss_bytes(),
      total: memory[:total],
      processes_memory: memory[:processes],
      binary: memory[:binary],
      system: memory[:system] - memory[:binary],
      ets: memory[:ets],
      code: memory[:code],
      processes: :erlang.system_info(:process_count),
      ports: :erlang.system_info(:port_count),
      atoms: :erlang.system_info(:atom_count),
      threads: threads()
    }
  end

  # The parts of `footprint` that are above those of `base` by more than the tolerance.
  @spec grown(t(), t(), %{part() => non_neg_integer()}) :: [{part(), integer()}]
  def grown(footprint, base, tolerance) do
    for {part, most} <- tolerance,
        is_integer(footprint[part]),
        growth = footprint[part] - base[part],
        growth > most,
        do: {part, growth}
  end

  defp threads do
    case :file.list_dir(~c"/proc/self/task") do
      {:ok, threads} -> length(threads)
      {:error, _reason} -> nil
    end
  end

  defp rss_bytes do
    # Its second field counts pages, which are of 4 KiB wherever this runs but on some arm64 systems.
    case :file.read_file(~c"/proc/self/statm") do
      {:ok, text} -> text |> String.split() |> Enum.at(1) |> String.to_integer() |> Kernel.*(4096)
      {:error, _reason} -> nil
    end
  end
end
