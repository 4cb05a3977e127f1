defmodule Cantilever.ChildVM do
  @moduledoc false
  # Another VM with this project's code, for what would disturb the tests' own: reloading and halting.

  @spec start(map()) :: pid()
  def start(options \\ %{}) do
    # A peer on standard input and output needs neither distribution nor a name.
    {:ok, peer, _node} =
      %{connection: :standard_io, args: Enum.flat_map(paths(), &[~c"-pa", &1])}
      |> Map.merge(options)
      |> :peer.start()

    {:ok, _started} = :peer.call(peer, :application, :ensure_all_started, [:cantilever])
    :ok = :peer.call(peer, :logger, :set_primary_config, [:level, :none])
    peer
  end

  # One that gets an error for a file that is larger than `limit_files/2` allows, and is not ended by it.
  @spec start_with_limits() :: pid()
  def start_with_limits do
    erl = System.find_executable("erl")
    ignoring = ~c"trap '' XFSZ; exec \"$0\" \"$@\""
    start(%{exec: {~c"/bin/sh", [~c"-c", ignoring, String.to_charlist(erl)]}})
  end

  # How large a file of the peer may become, in bytes, or `:unlimited`.
  @spec limit_files(pid(), non_neg_integer() | :unlimited) :: :ok
  def limit_files(peer, size) do
    os_pid = to_string(:peer.call(peer, :os, :getpid, []))
    {_output, 0} = System.cmd("prlimit", ["--pid", os_pid, "--fsize=#{size}:unlimited"])
    :ok
  end

  @spec stop(pid()) :: :ok
  def stop(peer), do: :peer.stop(peer)

  @doc false
  # Evaluates `code` in the peer and returns its value.
  @spec eval(pid(), String.t(), keyword()) :: term()
  def eval(peer, code, bindings \\ []) do
    {value, _bindings} = :peer.call(peer, Code, :eval_string, [code, bindings], 60_000)
    value
  end

  # Defines the module in the peer once more, with this load data, and its library or another one.
  @spec load(pid(), module(), term(), Path.t() | nil) :: :ok | String.t()
  def load(peer, module, load_data, library \\ nil) do
    eval(
      peer,
      """
      Code.put_compiler_option(:ignore_module_conflict, true)
      opts = [
        otp_app: :cantilever,
        skip_compilation?: true,
        load_from: {:cantilever, Path.relative_to(base, Application.app_dir(:cantilever))},
        rustler: module == Cantilever.KitNif,
        load_data: load_data
      ]
      try do
        Module.create(module, quote do
          use Cantilever.KitNif.Stubs, unquote(Macro.escape(opts))
        end, file: "kit_nif.ex", line: 1)
        :ok
      rescue
        error -> Exception.message(error)
      end
      """,
      module: module,
      base: Path.rootname(library || library(module)),
      load_data: load_data
    )
  end

  # The threads of the peer, as far as the system tells: the folder of each in /proc, its name, how nice it is.
  @spec threads(pid()) :: [%{task: Path.t(), name: String.t(), nice: integer()}]
  def threads(peer) do
    os_pid = :peer.call(peer, :os, :getpid, [])

    for task <- Path.wildcard("/proc/#{os_pid}/task/*"),
        {:ok, stat} <- [File.read(Path.join(task, "stat"))] do
      # proc(5): the name is in parentheses and may have some itself, the niceness is the 19th field.
      [_, name, fields] = Regex.run(~r/\A\d+ \((.*)\) (.*)\Z/s, stat)
      nice = fields |> String.split(" ") |> Enum.at(16) |> String.to_integer()
      %{task: task, name: name, nice: nice}
    end
  end

  # Runs `code` in a VM of its own until that ends; its output and exit status.
  @spec run(String.t()) :: {String.t(), non_neg_integer()}
  def run(code) do
    arguments = Enum.flat_map(paths(), &["-pa", to_string(&1)]) ++ ["-e", code]
    System.cmd("elixir", arguments, stderr_to_stdout: true)
  end

  # The library that `module` loads.
  @spec library(module()) :: Path.t()
  def library(module) do
    name = Atom.to_string(module) <> <<0>>

    :code.lib_dir(:cantilever, :ebin)
    |> Path.join("*kit_nif-*.so")
    |> Path.wildcard()
    |> Enum.find(&String.contains?(File.read!(&1), name))
  end

  defp paths do
    for path <- :code.get_path(),
        path = to_string(path),
        not String.contains?(path, "erlang/lib") do
      String.to_charlist(Path.expand(path))
    end
  end
end
