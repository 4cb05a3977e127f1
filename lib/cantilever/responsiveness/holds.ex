defmodule Cantilever.Responsiveness.Holds do
  @moduledoc false
  # Tells which of the VM's reports are about certain processes and about what these have started, and where they stood.

  alias Cantilever.Responsiveness.LongSchedules

  @most_generations 20

  @doc "The times in ms, each with its place, of the reports about `pids` and their descendants that are in the mailbox."
  @spec received(reference, MapSet.t(pid)) :: [{ms :: pos_integer, place :: mfa | nil}]
  def received(subscription, pids) do
    reports = drain(subscription)
    whose = reports |> Enum.map(&elem(&1, 0)) |> Enum.uniq() |> Map.new(&{&1, whose(&1, pids)})

    Enum.flat_map(reports, fn {subject, ms, place} ->
      case Map.fetch!(whose, subject) do
        :ours -> [{ms, place}]
        :perhaps_ours -> [{ms, nil}]
        :not_ours -> []
      end
    end)
  end

  @doc "As `received/2`, after everything that has ended before has been reported."
  @spec collect(reference, MapSet.t(pid)) :: [{ms :: pos_integer, place :: mfa | nil}]
  def collect(subscription, pids) do
    :ok = LongSchedules.sync()
    received(subscription, pids)
  end

  # Nobody is asked before all are taken: one that holds a scheduler answers late, and meanwhile the next report of it comes.
  defp drain(subscription) do
    receive do
      {:long_schedule, ^subscription, subject, ms, entered, left} ->
        [{subject, ms, place(entered, left)} | drain(subscription)]
    after
      0 -> []
    end
  end

  defp whose(subject, _pids) when is_port(subject), do: :not_ours

  defp whose(pid, pids) do
    cond do
      MapSet.size(pids) == 0 -> :not_ours
      pid in pids -> :ours
      # One that has ended already, as a task does that only made one call, tells nothing more. Most likely it is one of ours, and
      # whoever judges compares with what he sees without the calls.
      Process.info(pid, :status) == nil -> :perhaps_ours
      descends?(pid, pids, @most_generations) -> :ours
      true -> :not_ours
    end
  end

  defp descends?(pid, pids, generations)
       when is_pid(pid) and node(pid) == node() and generations > 0 do
    case Process.info(pid, [:parent, :dictionary]) do
      nil ->
        false

      [parent: parent, dictionary: dictionary] ->
        Enum.any?([parent | known(dictionary)], &(&1 in pids)) or
          descends?(parent, pids, generations - 1)
    end
  end

  defp descends?(_nobody, _pids, _generations), do: false

  # What tasks and the behaviours of OTP write down about who called and who started them.
  defp known(dictionary) do
    for key <- [:"$callers", :"$ancestors"], pid <- List.wrap(dictionary[key]), do: pid
  end

  # The VM names the function of its own code, if any, so what it says of a native function is seldom that function.
  defp place(entered, left), do: Enum.find([left, entered], &place?/1)

  defp place?({module, _name, _arity}) do
    module != :erlang and
      not String.starts_with?(Atom.to_string(module), "Elixir.Cantilever.Responsiveness")
  end

  defp place?(:undefined), do: false
end
