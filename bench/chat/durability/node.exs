defmodule Cantilever.Bench.Chat.Node do
  @moduledoc """
  A VM of its own that runs `Cantilever.Bench.Chat.Child`, seen from outside.
  """

  @files [Path.expand("../load.exs", __DIR__), Path.expand("child.exs", __DIR__)]
  @patience_ms 60_000

  @type t :: port

  @spec start(term) :: t
  def start(argument) do
    arguments =
      Enum.flat_map(paths(), &["-pa", &1]) ++
        Enum.flat_map(@files, &["-r", &1]) ++
        ["-e", "Cantilever.Bench.Chat.Child.main()", "--"] ++
        [argument |> :erlang.term_to_binary() |> Base.encode64()]

    # The script becomes the VM, whose number in the system is then that of the port.
    Port.open({:spawn_executable, System.find_executable("elixir")}, [
      :binary,
      :exit_status,
      line: 10_000,
      args: arguments
    ])
  end

  @doc "Waits for a line for which `fun` is true."
  @spec wait(t, (String.t() -> as_boolean(term))) :: :ok | {:died, String.t()}
  def wait(node, fun) do
    receive do
      {^node, {:data, {_end_of_line, line}}} -> if fun.(line), do: :ok, else: wait(node, fun)
      {^node, {:exit_status, status}} -> {:died, "exit status #{status}"}
    after
      @patience_ms -> {:died, "silent for #{@patience_ms} ms"}
    end
  end

  @doc "Has it go on with what it waits to do."
  @spec go_on(t) :: :ok
  def go_on(node) do
    Port.command(node, "\n")
    :ok
  end

  @doc "Sends it signal 9, and returns when it is gone."
  @spec kill(t) :: :ok
  def kill(node) do
    with {:os_pid, pid} <- Port.info(node, :os_pid),
         do: System.cmd("kill", ["-9", "#{pid}"], stderr_to_stdout: true)

    gone(node)
  end

  defp gone(node) do
    receive do
      {^node, {:exit_status, _status}} -> flush(node)
      {^node, {:data, _line}} -> gone(node)
    end
  end

  defp flush(node) do
    receive do
      {^node, {:data, _line}} -> flush(node)
    after
      0 -> :ok
    end
  end

  # Of this VM all that is not Erlang's own.
  defp paths do
    for path <- :code.get_path(),
        path = path |> to_string() |> Path.expand(),
        not String.contains?(path, "erlang/lib"),
        do: path
  end
end
