defmodule Cantilever.Nif.OldCode do
  @moduledoc false
  # The code of a module that a newer version has replaced, and who still runs it. The VM keeps one old version, so
  # it must be gone before the next is loaded; it goes without harm once nobody is in it.

  # So many answers may be in the mailbox at once.
  @at_once 10_000

  @first_pause_ms 1
  @longest_pause_ms 100

  # Removes the old code as soon as nobody runs it, unless `stop?` says so before; `pause` waits for so many ms.
  @spec remove(module(), (() -> boolean()), (pos_integer() -> term())) :: :ok | :in_use
  def remove(module, stop?, pause) do
    if :code.soft_purge(module) do
      :ok
    else
      # Purging looks at all processes, and the code server does nothing else meanwhile.
      pids = for {pid, _function} <- processes(module), do: pid

      case wait(pids, module, stop?, pause, @first_pause_ms) do
        :left -> remove(module, stop?, pause)
        :in_use -> :in_use
      end
    end
  end

  # Nobody is told when a process leaves old code.
  defp wait(pids, module, stop?, pause, ms) do
    if stop?.() do
      :in_use
    else
      pause.(ms)

      case Enum.filter(pids, &:erlang.check_process_code(&1, module)) do
        [] -> :left
        rest -> wait(rest, module, stop?, pause, min(ms * 2, @longest_pause_ms))
      end
    end
  end

  # The processes that run the old code, and the function that each is in.
  @spec processes(module()) :: [{pid(), mfa() | nil}]
  def processes(module) do
    Process.list() |> Enum.chunk_every(@at_once) |> Enum.flat_map(&in_old_code(&1, module))
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
end
