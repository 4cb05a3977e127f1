defmodule Cantilever.Nif.Upgrade do
  @moduledoc """
  What an upgrade of a native library has done: `Cantilever.Nif.upgrade/2` returns it.

      {:ok, %Cantilever.Nif.Upgrade{} = upgrade} = Cantilever.Nif.upgrade(MyApp.Native)
      IO.puts("\#{upgrade.from.version} → \#{upgrade.to.version}, \#{length(upgrade.running)} calls go on in the old one")

  | field | what |
  |---|---|
  | `module` | the module |
  | `from`, `to` | the libraries, before and after, each a `Cantilever.Nif.Info` |
  | `running` | the processes that still run the old code, each with the function it was in just after the upgrade: `{pid, {module, name, arity}}`, or `{pid, nil}` if it ended meanwhile |
  | `waited_ms` | how long the upgrade waited for processes to leave the code from before the last one, in ms |
  """

  alias Cantilever.Nif.{Info, Loader, Lock, OldCode, UpgradeError}
  alias Cantilever.Nif.Upgrade.{Candidate, Options}

  @enforce_keys [:module, :from, :to, :running, :waited_ms]
  defstruct [:module, :from, :to, :running, :waited_ms]

  @type t :: %__MODULE__{
          module: module(),
          from: Info.t(),
          to: Info.t(),
          running: [{pid(), mfa() | nil}],
          waited_ms: non_neg_integer()
        }

  @between_tries_ms 20

  @doc false
  @spec run(module(), keyword()) :: {:ok, t()} | {:ok, :unchanged} | {:error, UpgradeError.t()}
  def run(module, opts) do
    opts = Options.validate!(opts)

    with {:ok, _from} <- loaded(module),
         :ok <- compile(opts),
         do: apart(fn caller -> exclusively(module, opts, {deadline(opts[:timeout]), caller}) end)
  end

  # In a process that nobody kills half way, with a mailbox of its own.
  defp apart(fun) do
    caller = self()
    reply = make_ref()

    {pid, monitor} = spawn_monitor(fn -> send(caller, {reply, fun.(Process.monitor(caller))}) end)

    receive do
      {^reply, result} ->
        Process.demonitor(monitor, [:flush])
        result

      {:DOWN, ^monitor, :process, ^pid, reason} ->
        exit(reason)
    end
  end

  defp exclusively(module, opts, {deadline, caller} = patience) do
    Lock.hold({__MODULE__, module}, fn -> upgrade(module, opts, patience) end, fn ->
      if past?(deadline) do
        UpgradeError.failure(
          :busy,
          "another upgrade of #{inspect(module)} is under way in this node, and did not end in time"
        )
      else
        pause(@between_tries_ms, caller)
        :again
      end
    end)
  end

  # What was loaded may have changed while this waited for another upgrade.
  defp upgrade(module, opts, patience) do
    with {:ok, from} <- loaded(module),
         {:ok, %Candidate{} = candidate} <- Candidate.find(from, opts[:library]),
         :ok <- room(from, candidate.library, opts[:max_builds]),
         do: load(from, candidate, patience)
  end

  defp room(from, library, most) do
    builds = Enum.map(Loader.loaded(from.module), &Path.expand/1)

    if length(builds) < most or Path.expand(library) in builds do
      :ok
    else
      UpgradeError.failure(
        :too_many_builds,
        "this node has loaded #{length(builds)} builds of the library of #{inspect(from.module)}, and each stays in its " <>
          "memory until it ends. Restart the node, or raise the option :max_builds"
      )
    end
  end

  # Whoever asked for the upgrade may be gone: then there is nobody to wait for it.
  defp pause(ms, caller) do
    receive do
      {:DOWN, ^caller, :process, _pid, _reason} -> exit(:normal)
    after
      ms -> :ok
    end
  end

  defp loaded(module) do
    case Info.of(module) do
      {:ok, %Info{kit?: true} = info} ->
        {:ok, info}

      {:ok, %Info{}} ->
        UpgradeError.failure(
          :not_native,
          "the library of #{inspect(module)} is plain rustler's, which cannot be loaded beside an older version: " <>
            "build the crate with cantilever::init!, which can, or restart the node"
        )

      {:error, reason} ->
        UpgradeError.failure(:not_native, reason)
    end
  end

  # Mix purges what it is about to compile, and calls would find no module meanwhile: so another VM does it.
  defp compile(opts) do
    if opts[:compile] do
      env = [{"MIX_ENV", to_string(Mix.env())}, {"MIX_TARGET", to_string(Mix.target())}]

      dir = Path.dirname(Mix.Project.project_file())

      case System.cmd("mix", ["compile"], cd: dir, env: env, stderr_to_stdout: true) do
        {_output, 0} ->
          :ok

        {output, _status} ->
          UpgradeError.failure(:compile, "the project does not compile:\n\n#{output}")
      end
    else
      :ok
    end
  rescue
    error in [ErlangError, UndefinedFunctionError] ->
      UpgradeError.failure(:compile, "mix cannot be started here: #{Exception.message(error)}")
  end

  defp load(from, candidate, {deadline, caller} = patience) do
    started = System.monotonic_time(:millisecond)

    case OldCode.remove(from.module, fn -> past?(deadline) end, &pause(&1, caller)) do
      :ok ->
        waited_ms = System.monotonic_time(:millisecond) - started

        case Loader.with_order(from.module, Path.rootname(candidate.library), fn ->
               :code.load_binary(from.module, candidate.file, candidate.binary)
             end) do
          {:ok, {:module, _module}, _failure} ->
            {:ok, report(from, waited_ms)}

          {:ok, {:error, :on_load_failure}, failure} ->
            UpgradeError.failure(:load, failure || "the module's on_load function failed")

          {:ok, {:error, reason}, _failure} ->
            UpgradeError.failure(
              :load,
              "the VM does not load #{inspect(from.module)}: #{inspect(reason)}"
            )

          # That of another module, for as long as its library takes to load.
          :busy ->
            pause(1, caller)
            load(from, candidate, patience)
        end

      :in_use ->
        in_use(from.module)
    end
  end

  defp in_use(module) do
    processes = OldCode.processes(module)
    shown = Enum.map_join(Enum.take(processes, 5), ", ", fn {pid, _function} -> inspect(pid) end)

    UpgradeError.failure(
      :in_use,
      "#{length(processes)} processes still run the code of #{inspect(module)} from before the last upgrade " <>
        "(#{shown}), and the VM keeps one old version only. Wait for them with a longer :timeout, or stop them",
      processes
    )
  end

  defp report(from, waited_ms) do
    running = OldCode.processes(from.module)
    {:ok, to} = Info.of(from.module)
    %__MODULE__{module: from.module, from: from, to: to, running: running, waited_ms: waited_ms}
  end

  defp past?(:infinity), do: false
  defp past?(deadline), do: System.monotonic_time(:millisecond) >= deadline

  defp deadline(:infinity), do: :infinity
  defp deadline(timeout_ms), do: System.monotonic_time(:millisecond) + timeout_ms
end
