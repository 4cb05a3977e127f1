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

  alias Cantilever.Nif.{AtomicFile, Info, Library, Loader, OldCode, Stubs, UpgradeError}

  @enforce_keys [:module, :from, :to, :running, :waited_ms]
  defstruct [:module, :from, :to, :running, :waited_ms]

  @type t :: %__MODULE__{
          module: module(),
          from: Info.t(),
          to: Info.t(),
          running: [{pid(), mfa() | nil}],
          waited_ms: non_neg_integer()
        }

  @default_timeout_ms 30_000
  @between_tries_ms 20
  @default_max_builds 100
  @known [:compile, :library, :max_builds, :timeout]

  @doc false
  @spec run(module(), keyword()) :: {:ok, t()} | {:ok, :unchanged} | {:error, UpgradeError.t()}
  def run(module, opts) do
    opts = options!(opts)

    with {:ok, _from} <- loaded(module),
         :ok <- compile(opts),
         do: apart(fn caller -> exclusively(module, opts, caller) end)
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

  # The lock goes when its process does.
  defp exclusively(module, opts, caller) do
    deadline = deadline(opts[:timeout])
    lock = {{__MODULE__, module}, self()}

    cond do
      :global.set_lock(lock, [node()], 0) ->
        try do
          upgrade(module, opts, {deadline, caller})
        after
          :global.del_lock(lock, [node()])
        end

      past?(deadline) ->
        failed(
          :busy,
          "another upgrade of #{inspect(module)} is under way in this node, and did not end in time"
        )

      true ->
        pause(@between_tries_ms, caller)
        exclusively(module, Keyword.put(opts, :timeout, left(deadline)), caller)
    end
  end

  # What was loaded may have changed while this waited for another upgrade.
  defp upgrade(module, opts, patience) do
    with {:ok, from} <- loaded(module),
         {:ok, code} <- object_code(module),
         {:ok, {:library, library}} <- new(from, code, opts[:library]),
         :ok <- room(from, library || own(code), opts[:max_builds]),
         do: load(from, code, library, patience)
  end

  defp room(from, library, most) do
    builds = Enum.map(Loader.loaded(from.module), &Path.expand/1)

    if length(builds) < most or Path.expand(library) in builds do
      :ok
    else
      failed(
        :too_many_builds,
        "this node has loaded #{length(builds)} builds of the library of #{inspect(from.module)}, and each stays in its " <>
          "memory until it ends. Restart the node, or raise the option :max_builds"
      )
    end
  end

  # The library that belongs to a beam file.
  defp own({binary, _file}) do
    {:ok, {_module, [attributes: attributes]}} = :beam_lib.chunks(binary, [:attributes])
    [location] = Keyword.fetch!(attributes, :cantilever_location)
    Loader.file(location)
  end

  # Whoever asked for the upgrade may be gone: then there is nobody to wait for it.
  defp pause(ms, caller) do
    receive do
      {:DOWN, ^caller, :process, _pid, _reason} -> exit(:normal)
    after
      ms -> :ok
    end
  end

  defp options!(opts) do
    Keyword.keyword?(opts) ||
      raise ArgumentError,
            "the options of upgrade/2 must be a keyword list, got: #{inspect(opts)}"

    case Keyword.keys(opts) -- @known do
      [] ->
        :ok

      unknown ->
        raise ArgumentError, "unknown options #{inspect(unknown)}, known are #{inspect(@known)}"
    end

    opts =
      Keyword.merge(
        [library: nil, max_builds: @default_max_builds, timeout: @default_timeout_ms],
        opts
      )

    opts = Keyword.put_new(opts, :compile, opts[:library] == nil and mix?())

    valid!(:library, opts, opts[:library] == nil or is_binary(opts[:library]), "a path")
    valid!(:compile, opts, is_boolean(opts[:compile]), "true or false")

    valid!(
      :max_builds,
      opts,
      opts[:max_builds] == :infinity or (is_integer(opts[:max_builds]) and opts[:max_builds] > 0),
      "a positive integer or :infinity"
    )

    valid!(
      :timeout,
      opts,
      opts[:timeout] == :infinity or (is_integer(opts[:timeout]) and opts[:timeout] >= 0),
      "a number of ms or :infinity"
    )

    opts
  end

  defp valid!(_key, _opts, true, _wanted), do: :ok

  defp valid!(key, opts, false, wanted) do
    raise ArgumentError,
          "the option #{inspect(key)} must be #{wanted}, got: #{inspect(opts[key])}"
  end

  defp loaded(module) do
    case Info.of(module) do
      {:ok, %Info{kit?: true} = info} ->
        {:ok, info}

      {:ok, %Info{}} ->
        failed(
          :not_native,
          "the library of #{inspect(module)} is plain rustler's, which cannot be loaded beside an older version: " <>
            "build the crate with cantilever::init!, which can, or restart the node"
        )

      {:error, reason} ->
        failed(:not_native, reason)
    end
  end

  # Mix purges what it is about to compile, and calls would find no module meanwhile: so another VM does it.
  defp compile(opts) do
    if opts[:compile] do
      env = [{"MIX_ENV", to_string(Mix.env())}, {"MIX_TARGET", to_string(Mix.target())}]

      dir = Path.dirname(Mix.Project.project_file())

      case System.cmd("mix", ["compile"], cd: dir, env: env, stderr_to_stdout: true) do
        {_output, 0} -> :ok
        {output, _status} -> failed(:compile, "the project does not compile:\n\n#{output}")
      end
    else
      :ok
    end
  rescue
    error in [ErlangError, UndefinedFunctionError] ->
      failed(:compile, "mix cannot be started here: #{Exception.message(error)}")
  end

  defp object_code(module) do
    case :code.get_object_code(module) do
      {^module, binary, file} ->
        {:ok, {binary, file}}

      :error ->
        failed(
          :library,
          "there is no beam file of #{inspect(module)} in the code path to load it from once more"
        )
    end
  end

  defp new(from, {binary, file}, nil) do
    own = Path.expand(Loader.file(from.module.__cantilever__(:location)))

    cond do
      # A loader takes a file of the same name for the one that it has.
      not (own =~ ~r/-[0-9a-f]{16}\.\w+\z/) ->
        failed(
          :library,
          "#{inspect(from.module)} loads its library by a name that does not tell what is in it (:load_from), so " <>
            "this node would find the one that it has: name the new file with the option :library"
        )

      not (binary |> md5() |> is_binary()) ->
        failed(:library, "#{file} is no beam file")

      md5(binary) != from.module.module_info(:md5) or own != Path.expand(from.path) ->
        {:ok, {:library, nil}}

      true ->
        {:ok, :unchanged}
    end
  end

  defp new(from, {binary, file}, path) do
    with :ok <- same_module(from, binary, file),
         {:ok, content} <- read(path),
         library = Library.parse(content),
         :ok <- host(library, path),
         :ok <- kit(library, path),
         :ok <- same_functions(from, library, content, path),
         {:ok, file} <- install(from, content, path) do
      {:ok,
       if(Path.expand(file) == Path.expand(from.path), do: :unchanged, else: {:library, file})}
    end
  end

  defp same_module(from, binary, file) do
    if md5(binary) == from.module.module_info(:md5),
      do: :ok,
      else:
        failed(
          :library,
          "#{file} is not the #{inspect(from.module)} that is loaded, which was compiled or replaced since: upgrade " <>
            "without the option :library, or restore the file"
        )
  end

  defp md5(binary) do
    case :beam_lib.md5(binary) do
      {:ok, {_module, md5}} -> md5
      {:error, :beam_lib, _reason} -> nil
    end
  end

  defp read(path) do
    case File.read(path) do
      {:ok, content} ->
        {:ok, content}

      {:error, reason} ->
        failed(:library, "#{path} cannot be read: #{:file.format_error(reason)}")
    end
  end

  defp kit(%Library{kit?: kit?}, path) do
    if kit?,
      do: :ok,
      else: failed(:library, "#{path} is no library that cantilever::init! was built into")
  end

  defp host(library, path) do
    with {:error, difference} <- Library.check(library, Library.host()),
         do: failed(:library, "#{path}: #{difference}")
  end

  # A function of plain rustler leaves nothing but its name in the library.
  defp same_functions(from, library, content, path) do
    before =
      for {name, arity, _schedule} <- from.functions, {name, arity} != own(), do: {name, arity}

    noted = for {name, arity, _schedule} <- library.functions, do: {name, arity}

    unnoted =
      for {name, arity} <- before -- noted,
          :binary.match(content, "#{name}\0") != :nomatch,
          not Enum.any?(noted, &match?({^name, _other}, &1)),
          do: {name, arity}

    definitions = %{all: before ++ from.module.__info__(:functions), stubs: before, via: %{}}

    case Stubs.difference(definitions, noted ++ unnoted) do
      %{missing: [], unknown: [], arity: []} ->
        :ok

      difference ->
        failed(
          :functions,
          "#{Stubs.message(difference, from.module, Path.basename(path))}\n" <>
            "Compile the module with the crate, and upgrade it without the option :library."
        )
    end
  end

  defp own, do: {:__cantilever_builds__, 1}

  # A file that a VM has mapped must never change, and a loader takes one of the same name for the one that it has.
  defp install(from, content, path) do
    hash = :sha256 |> :crypto.hash(content) |> Base.encode16(case: :lower) |> binary_part(0, 16)
    [name | _hash] = String.split(from.build, ~r/-[0-9a-f]{16}\z/)
    file = Path.join(Path.dirname(from.path), "#{name}-#{hash}#{Loader.extension()}")

    if File.read(file) == {:ok, content} do
      {:ok, file}
    else
      AtomicFile.write!(file, content, sync: true, mode: 0o755)
      {:ok, file}
    end
  rescue
    error in File.Error ->
      failed(:library, "#{path} cannot be installed: #{Exception.message(error)}")
  end

  defp load(from, {binary, file}, library, {deadline, caller} = patience) do
    started = System.monotonic_time(:millisecond)

    case OldCode.remove(from.module, fn -> past?(deadline) end, &pause(&1, caller)) do
      :ok ->
        waited_ms = System.monotonic_time(:millisecond) - started
        base = library && Path.rootname(library)

        case Loader.with_order(from.module, base, fn ->
               :code.load_binary(from.module, file, binary)
             end) do
          {:ok, {:module, _module}, _failure} ->
            {:ok, report(from, waited_ms)}

          {:ok, {:error, :on_load_failure}, failure} ->
            failed(:load, failure || "the module's on_load function failed")

          {:ok, {:error, reason}, _failure} ->
            failed(:load, "the VM does not load #{inspect(from.module)}: #{inspect(reason)}")

          # That of another module, for as long as its library takes to load.
          :busy ->
            pause(1, caller)
            load(from, {binary, file}, library, patience)
        end

      :in_use ->
        in_use(from.module)
    end
  end

  defp in_use(module) do
    processes = OldCode.processes(module)
    shown = Enum.map_join(Enum.take(processes, 5), ", ", fn {pid, _function} -> inspect(pid) end)

    {:error,
     %UpgradeError{
       reason: :in_use,
       processes: processes,
       message:
         "#{length(processes)} processes still run the code of #{inspect(module)} from before the last upgrade " <>
           "(#{shown}), and the VM keeps one old version only. Wait for them with a longer :timeout, or stop them"
     }}
  end

  defp report(from, waited_ms) do
    running = OldCode.processes(from.module)
    {:ok, to} = Info.of(from.module)
    %__MODULE__{module: from.module, from: from, to: to, running: running, waited_ms: waited_ms}
  end

  defp past?(:infinity), do: false
  defp past?(deadline), do: System.monotonic_time(:millisecond) >= deadline

  defp left(:infinity), do: :infinity
  defp left(deadline), do: max(deadline - System.monotonic_time(:millisecond), 0)

  defp deadline(:infinity), do: :infinity
  defp deadline(timeout_ms), do: System.monotonic_time(:millisecond) + timeout_ms

  defp failed(reason, message), do: {:error, %UpgradeError{reason: reason, message: message}}

  defp mix?,
    do:
      Code.ensure_loaded?(Mix) and Process.whereis(Mix.State) != nil and Mix.Project.get() != nil
end
