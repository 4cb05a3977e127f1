Code.require_file("../support/code_path.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.VM do
  @moduledoc """
  A VM of its own for a part of the bench, with the code of this one, and as many files open as the system lets it have.

      Cantilever.Bench.WebSocket.VM.run(fn vm ->
        Cantilever.Bench.WebSocket.VM.call(vm, :os, :getpid, [])
      end)
  """

  alias Cantilever.Bench.CodePath

  # So many sockets and processes: as many as the system lets it have open, and more.
  @flags ~w(+Q 65536 +P 262144)
  # One that is nice has to wait until others leave it a core.
  @patience_ms 300_000

  @type t :: pid

  @doc """
  The result of `fun`, which gets the VM.

  With the option `nice`, it leaves the cores to who is not as nice (`nice(1)`).
  """
  @spec run([{:nice, 0..19}], (t -> result)) :: result when result: term
  def run(options \\ [], fun) do
    nice = options[:nice] || 0

    # Linux may share the cores out among sessions first (autogroup in sched(7)): the niceness of a process counts within its session alone then. A
    # program that a VM starts is a session.
    start = """
    if [ -w "/proc/$$/autogroup" ]; then echo #{nice} >"/proc/$$/autogroup"; fi
    ulimit -n "$(ulimit -Hn)" && exec nice -n #{nice} erl "$@"
    """

    {:ok, vm, _node} =
      :peer.start_link(%{
        connection: :standard_io,
        wait_boot: @patience_ms,
        exec: {~c"/bin/sh", [~c"-c", to_charlist(start), ~c"erl"]},
        args: Enum.map(@flags, &to_charlist/1) ++ CodePath.arguments()
      })

    try do
      {:ok, _started} = call(vm, :application, :ensure_all_started, [:elixir])
      fun.(vm)
    after
      :peer.stop(vm)
    end
  end

  @doc "Loads a file of this folder."
  @spec load(t, Path.t()) :: [{module, binary}] | nil
  def load(vm, file), do: call(vm, Code, :require_file, [Path.expand(file, __DIR__)])

  @doc "What a function returns there."
  @spec call(t, module, atom, [term]) :: term
  def call(vm, module, function, arguments),
    do: :peer.call(vm, module, function, arguments, @patience_ms)
end
