defmodule Cantilever.Nif.OldCode do
  @moduledoc false
  # The code of a module that a newer version has replaced, and who still runs it. The VM keeps one old version, so
  # it must be gone before the next is loaded; it goes without harm once nobody is in it.

  # So many answers may be in the mailbox at once.
  @at_once 10_000

  @first_pause_ms 1
  @longest_pause_ms 50

  # Removes the old code as soon as nobody runs it.
  @spec remove(module(), deadline_ms :: integer() | :infinity) :: :ok | :in_use
  def remove(module, deadline), do: remove(module, deadline, @first_pause_ms)

  defp remove(module, deadline, pause) do
    cond do
      :code.soft_purge(module) ->
        :ok

      past?(deadline) ->
        :in_use

      true ->
        # Nobody is told when a process leaves old code.
        receive do
        after
          pause -> remove(module, deadline, min(pause * 2, @longest_pause_ms))
        end
    end
  end

  # The processes that run the old code, and the function that each is in.
  @spec processes(module()) :: [{pid(), mfa() | nil}]
  def processes(module) do
    # In a process of its own, whose mailbox holds nothing else.
    Task.async(fn ->
      Process.list() |> Enum.chunk_every(@at_once) |> Enum.flat_map(&in_old_code(&1, module))
    end)
    |> Task.await(:infinity)
  end

  defp in_old_code(pids, module) do
    for pid <- pids,
        do: :erlang.check_process_code(pid, module, async: pid, allow_gc: false)

    for pid <- pids,
        in_use?(pid),
        do: {pid, function(pid)}
  end

  # One that would have to collect its garbage to find out refers to old code at most, but does not run it.
  defp in_use?(pid) do
    receive do
      {:check_process_code, ^pid, result} -> result == true
    end
  end

  defp function(pid) do
    case Process.info(pid, :current_function) do
      {:current_function, {_module, _name, _arity} = function} -> function
      _ended -> nil
    end
  end

  defp past?(:infinity), do: false
  defp past?(deadline), do: System.monotonic_time(:millisecond) >= deadline
end
