defmodule Cantilever.Nif.Loader do
  @moduledoc false
  # The part that runs when a module with native functions is loaded, in releases too: nothing here may need
  # Mix. The call of `:erlang.load_nif/2` itself stands in the module, because the VM looks at who calls.

  alias Cantilever.Nif.Library

  @orders Module.concat(__MODULE__, Orders)

  @type location :: {atom(), Path.t()}
  @type load_result :: :ok | {:error, {atom(), charlist()}}

  # The path and the data for `:erlang.load_nif/2`. The kit's own libraries, and only they, unwrap their
  # data from a tuple that tells them about the VM; `kit?` is nil when the library was not there to be asked
  # while the module was compiled.
  @spec prepare(module(), location(), boolean() | nil, term()) ::
          {:ok, charlist(), term()} | {:error, String.t()}
  def prepare(module, {app, path}, kit?, load_data) do
    case :code.lib_dir(app) do
      {:error, :bad_name} ->
        fail(
          module,
          "#{path} of the application #{inspect(app)}",
          "the application is not in the code path"
        )

      dir ->
        own = Path.join(List.to_string(dir), path)
        base = ordered(module) || own
        kit? = if is_nil(kit?) or base != own, do: kit?(base), else: kit?
        {:ok, String.to_charlist(base), if(kit?, do: wrap(load_data, true), else: load_data)}
    end
  end

  # The file at a location.
  @spec file(location()) :: Path.t()
  def file({app, path}), do: Application.app_dir(app, path) <> extension()

  # The files that were loaded for the module since the node was started.
  @spec loaded(module()) :: [Path.t()]
  def loaded(module) do
    for {{__MODULE__, :loaded, ^module, file}, _true} <- :persistent_term.get(), do: file
  end

  # Has `module` load the library `base` (without the extension) while `load` runs, which is to do
  # nothing else, and returns the failure that it then reported, if any. Only one process at a time can do so.
  #
  # The table belongs to the process, so that whatever happens to that, no later load follows its order.
  @spec with_order(module(), Path.t(), (() -> result)) ::
          {:ok, result, String.t() | nil} | :busy
        when result: term()
  def with_order(module, base, load) do
    :ets.new(@orders, [:named_table, :public])
  rescue
    ArgumentError -> :busy
  else
    table ->
      follow(table, module, base, load)
  end

  defp follow(table, module, base, load) do
    :ets.insert(table, {module, base})
    result = load.()
    failure = for {_key, message} <- :ets.lookup(table, {:failure, module}), do: message
    {:ok, result, List.first(failure)}
  after
    :ets.delete(table)
  end

  # A library of the kit's that has just learned what the module has is asked once more. One of plain rustler cannot
  # be loaded beside an older version: code that nobody runs any more may go; code that somebody runs stays, and so
  # does its process.
  @spec retry?(module(), load_result()) :: boolean()
  def retry?(_module, :ok), do: false

  def retry?(module, {:error, {reason, _text}}) do
    receive do
      {:"$cantilever_load_error", :again} -> true
    after
      0 -> reason == :upgrade and :code.soft_purge(module)
    end
  end

  @spec finish(module(), charlist(), load_result()) :: :ok | {:error, String.t()}
  def finish(module, path, :ok) do
    # A key of its own for each file: changing a term that is there has the VM look through all processes.
    :persistent_term.put({__MODULE__, :loaded, module, List.to_string(path) <> extension()}, true)
  end

  def finish(module, path, {:error, {reason, text}}) do
    detail =
      receive do
        {:"$cantilever_load_error", message} when is_binary(message) -> message
      after
        0 -> nil
      end

    file = List.to_string(path) <> extension()
    fail(module, file, explain(file, reason, sentence(text), detail))
  end

  # `builds?` is whether the module has the function that tells of builds.
  @spec wrap(term(), boolean()) :: {:"$cantilever", map(), term()}
  def wrap(load_data, builds? \\ false) do
    keys = [:schedulers_online, :dirty_cpu_schedulers_online, :dirty_io_schedulers]
    vm = Map.new(keys, &{&1, :erlang.system_info(&1)})
    vm = Map.put(vm, :log_level, :logger.get_primary_config().level)
    {:"$cantilever", if(builds?, do: Map.put(vm, :builds, true), else: vm), load_data}
  end

  # While a module is compiled, a failing load must reach the compiler, yet the VM calls on_load in a process
  # of its own: the message is left for `take_failure/1` instead of being logged.
  @spec expect_failure(module()) :: :ok
  def expect_failure(module), do: :persistent_term.put({__MODULE__, module}, :expected)

  @spec take_failure(module()) :: String.t() | nil
  def take_failure(module) do
    failure = :persistent_term.get({__MODULE__, module}, nil)
    _ = :persistent_term.erase({__MODULE__, module})
    if is_binary(failure), do: failure
  end

  @spec extension() :: String.t()
  def extension do
    case :os.type() do
      {:win32, _name} -> ".dll"
      _other -> ".so"
    end
  end

  defp kit?(base) do
    case Library.read(base <> extension()) do
      {:ok, library} -> library.kit?
      {:error, _reason} -> false
    end
  end

  defp fail(module, file, explanation) do
    message =
      "The native library of #{inspect(module)} could not be loaded from #{file}: #{explanation}."

    cond do
      order?(module) ->
        :ets.insert(@orders, {{:failure, module}, message})

      :persistent_term.get({__MODULE__, module}, nil) == nil ->
        :logger.error(message, %{domain: [:cantilever]})

      true ->
        :persistent_term.put({__MODULE__, module}, message)
    end

    {:error, message}
  end

  defp order?(module), do: lookup(module) != []

  defp ordered(module) do
    with [{_module, base}] <- lookup(module), do: base, else: ([] -> nil)
  end

  defp lookup(key) do
    :ets.lookup(@orders, key)
  rescue
    # There is no table, as nobody is upgrading.
    ArgumentError -> []
  end

  defp explain(_file, :upgrade, _text, nil) do
    "an older version is in use, and this library cannot be loaded beside it. " <>
      "Restart the VM, or build the crate with cantilever::init!, which can"
  end

  defp explain(_file, :bad_lib, text, _detail) do
    "it does not belong to this module (#{text}). The name in the crate's init! and the functions must be " <>
      "those of the module"
  end

  defp explain(file, :load_failed, text, _detail) do
    case Library.read(file) do
      {:error, :enoent} ->
        "there is no such file. Compile the project again, or correct the option :load_from"

      {:error, :enotdir} ->
        "the application is inside an archive, such as an escript, from which the system loads no libraries. " <>
          "Ship a release instead, or keep the library outside and name it with the option :load_from"

      {:error, reason} ->
        "the file cannot be read (#{:file.format_error(reason)})"

      {:ok, library} ->
        case Library.check(library, Library.host()) do
          {:error, difference} ->
            "#{difference}. Build it on or for this system; for a cross build set the option :target or MIX_TARGET"

          :ok ->
            "the system's loader refuses it (#{text}). Build it against the system's own libraries"
        end
    end
  end

  defp explain(_file, :load, text, nil) do
    "its load function refused (#{text}). Look at the options :load_data and :load_data_fun"
  end

  defp explain(_file, reason, text, nil), do: "#{reason}: #{text}"

  defp explain(_file, _reason, _text, detail),
    do: detail |> String.trim() |> String.trim_trailing(".")

  defp sentence(text), do: text |> to_string() |> String.trim_trailing(".")
end
