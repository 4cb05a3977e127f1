defmodule Cantilever.Responsiveness.Stolen do
  @moduledoc false
  # How long the operating system has let the VM's schedulers wait for a processor. A process that loses its processor seems to hold its
  # scheduler; where the system tells, this is what has to be taken off. Linux does, in `/proc`; elsewhere nothing is known.

  @tasks "/proc/self/task"
  # The names of the threads, since OTP 25 and before.
  @name ~r/^(?:erts_sched_(\d+)|(\d+)_scheduler)$/

  @typedoc "The file of each scheduler's thread, by the scheduler's number."
  @type threads :: %{pos_integer => Path.t()}

  @typedoc "The waiting time of each scheduler in ns since it began."
  @type waits :: %{pos_integer => non_neg_integer}

  @spec threads() :: threads
  def threads do
    case File.ls(@tasks) do
      {:ok, tasks} ->
        for task <- tasks, number = scheduler(task), into: %{} do
          {number, Path.join([@tasks, task, "schedstat"])}
        end

      {:error, _not_linux} ->
        %{}
    end
  end

  @spec waits(threads) :: waits
  def waits(threads) do
    for {number, file} <- threads,
        {:ok, text} <- [:prim_file.read_file(file)],
        [_on_cpu_ns, waited_ns, _turns] <- [String.split(text)],
        into: %{} do
      {number, String.to_integer(waited_ns)}
    end
  end

  @doc "What a scheduler has waited between two looks, in ms; if it is not known which, the one that has waited longest."
  @spec between_ms(waits, waits, pos_integer | nil) :: float
  def between_ms(before, now, scheduler) do
    now
    |> Map.take(if(scheduler, do: [scheduler], else: Map.keys(now)))
    |> Enum.map(fn {number, ns} -> (ns - Map.get(before, number, ns)) / 1_000_000 end)
    |> Enum.max(fn -> 0.0 end)
  end

  defp scheduler(task) do
    with {:ok, name} <- :prim_file.read_file(Path.join([@tasks, task, "comm"])),
         [_all | numbers] <- Regex.run(@name, String.trim(name)) do
      numbers |> Enum.find(&(&1 != "")) |> String.to_integer()
    else
      _no_scheduler -> nil
    end
  end
end
