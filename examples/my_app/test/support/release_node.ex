defmodule MyApp.ReleaseNode do
  @moduledoc false
  # A release that runs as a process of the operating system, and is spoken to as its operator does it: through its
  # script.

  @enforce_keys [:script, :env, :port]
  defstruct [:script, :env, :port]

  @type t :: %__MODULE__{
          script: Path.t(),
          env: [{String.t(), String.t()}],
          port: port()
        }

  @doc "Starts the release in `dir`, for the process that calls and no longer than it, and returns once it answers."
  @spec start!(Path.t()) :: t()
  def start!(dir) do
    script = Path.join(dir, "bin/my_app")

    # Nodes that know each other's port need no name server, which would go on when all of them have ended.
    distribution = "-start_epmd false\n-erl_epmd_port #{free_port()}\n"
    vm_args = Path.join(dir, "vm.args")
    remote_vm_args = Path.join(dir, "remote.vm.args")
    File.write!(vm_args, distribution)
    File.write!(remote_vm_args, distribution <> "-dist_listen false\n")

    env = [
      {"RELEASE_DISTRIBUTION", "name"},
      {"RELEASE_NODE", "my_app@127.0.0.1"},
      {"RELEASE_VM_ARGS", vm_args},
      {"RELEASE_REMOTE_VM_ARGS", remote_vm_args}
    ]

    port =
      Port.open({:spawn_executable, script}, [
        :binary,
        :exit_status,
        :stderr_to_stdout,
        args: ["start"],
        env: for({name, value} <- env, do: {to_charlist(name), to_charlist(value)})
      ])

    node = %__MODULE__{script: script, env: env, port: port}
    # Where it has ended already, there is nobody to be told.
    ExUnit.Callbacks.on_exit(fn -> script(node, ["stop"]) end)
    wait!(node)
    node
  end

  @doc "Has the release's script do something, and returns what it printed with its exit status."
  @spec script(t(), [String.t()]) :: {String.t(), non_neg_integer()}
  def script(node, arguments),
    do: System.cmd(node.script, arguments, env: node.env, stderr_to_stdout: true)

  @doc "The value of an expression on the node."
  @spec rpc!(t(), String.t()) :: term()
  def rpc!(node, expression) do
    wrapped = "IO.puts(Base.encode64(:erlang.term_to_binary((#{expression}))))"

    case script(node, ["rpc", wrapped]) do
      {output, 0} ->
        output |> String.split() |> List.last() |> Base.decode64!() |> :erlang.binary_to_term()

      {output, _status} ->
        raise "#{expression} failed on the node:\n#{output}#{printed(node)}"
    end
  end

  @doc "Stops the node, and returns all that it printed."
  @spec stop!(t()) :: String.t()
  def stop!(%__MODULE__{port: port} = node) do
    {_output, 0} = script(node, ["stop"])

    receive do
      {^port, {:exit_status, 0}} -> printed(node)
    end
  end

  defp wait!(%__MODULE__{port: port} = node) do
    receive do
      {^port, {:exit_status, status}} ->
        raise "the node ended with status #{status}:\n#{printed(node)}"
    after
      0 ->
        case script(node, ["rpc", ":ok"]) do
          {_output, 0} -> :ok
          {_output, _status} -> wait!(node)
        end
    end
  end

  defp printed(%__MODULE__{port: port} = node) do
    receive do
      {^port, {:data, text}} -> text <> printed(node)
    after
      0 -> ""
    end
  end

  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :ok = :gen_tcp.close(socket)
    port
  end
end
