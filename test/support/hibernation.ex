defmodule Cantilever.Hibernation do
  @moduledoc false
  # Whether a process hibernates, by where it is, which each release of the VM has its own function for.

  @spec hibernates?(pid) :: boolean
  def hibernates?(pid) do
    {:current_function, where} = Process.info(pid, :current_function)
    hibernation?(where)
  end

  @doc "The same of where a process has stopped to run, as it is traced."
  @spec hibernation?(term) :: boolean
  def hibernation?({:erlang, :hibernate, _arity}), do: true
  def hibernation?({:gen_server, :loop_hibernate, _arity}), do: true
  def hibernation?(_elsewhere), do: false
end
