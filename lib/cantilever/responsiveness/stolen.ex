defmodule Cantilever.Responsiveness.Stolen do
  @moduledoc false
  # What the operating system did with the VM's schedulers. One that loses its processor looks to the VM as if a process held it; where
  # the system tells, this is what has to be taken off. Linux does, in `/proc`; elsewhere nothing is known.

  @tasks "/proc/self/task"

  @typedoc "The file of each scheduler's thread, by the scheduler's number."
  @type threads :: %{pos_integer => Path.t()}

  @typedoc "For how many ns each scheduler had a processor so far, and for how many it waited for one."
  @type times :: %{pos_integer => {ran :: non_neg_integer, waited :: non_neg_integer}}

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

  @spec times(threads) :: times
  def times(threads) do
    for {number, file} <- threads,
        {:ok, text} <- [:prim_file.read_file(file)],
        [ran_ns, waited_ns, _turns] <- [String.split(text)],
        into: %{} do
      {number, {String.to_integer(ran_ns), String.to_integer(waited_ns)}}
    end
  end

  @doc """
  What is left of a hold of `reported_ms` that lies between two looks, `window_ms` apart.

  `scheduler` is the one that it ran on, or nil if there may have been several. How long that one had to wait is known only for all of
  the time between the looks: at worst all of it fell into the hold. But what it ran for and that was not before or after the hold, it
  must have run for in the hold. The more that either of the two leaves is certain.
  """
  @spec left_ms(number, number, times, times, pos_integer | nil) :: float
  def left_ms(reported_ms, window_ms, before, now, scheduler) do
    {ran_ms, waited_ms} = between(before, now, scheduler)
    # The VM's milliseconds are rounded: the hold may have been a whole one shorter.
    outside_ms = max(window_ms - reported_ms, 0) + 1

    [0.0, reported_ms - waited_ms, min(ran_ms - outside_ms, reported_ms * 1.0)]
    |> Enum.max()
  end

  defp between(before, now, nil) do
    waited = for {number, _times} <- now, do: elem(between(before, now, number), 1)
    {0.0, Enum.max(waited, fn -> 0.0 end)}
  end

  defp between(before, now, scheduler) do
    case {before, now} do
      {%{^scheduler => {ran_before, waited_before}}, %{^scheduler => {ran, waited}}} ->
        {(ran - ran_before) / 1_000_000, (waited - waited_before) / 1_000_000}

      _unknown ->
        {0.0, 0.0}
    end
  end

  defp scheduler(task) do
    with {:ok, name} <- :prim_file.read_file(Path.join([@tasks, task, "comm"])),
         # As OTP 25 names its threads, and as those before did.
         [_all | numbers] <-
           Regex.run(~r/^(?:erts_sched_(\d+)|(\d+)_scheduler)$/, String.trim(name)) do
      numbers |> Enum.find(&(&1 != "")) |> String.to_integer()
    else
      _no_scheduler -> nil
    end
  end
end
