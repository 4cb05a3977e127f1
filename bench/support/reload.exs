defmodule Cantilever.Bench.Reload do
  @moduledoc """
  Loads a module with native functions again, with other settings of the kit's for its library.

      # compiled, but with `load_data_fun: {Cantilever.Bench.Reload, :load_data}` not loaded yet
      compiled = Cantilever.Bench.Reload.compile!("slice/modules.exs")
      :ok = Cantilever.Bench.Reload.with_settings!(compiled, slice_us: 50)
  """

  @key {__MODULE__, :settings}

  # Where the kit's own functions are; what is in this folder has been compiled and loaded already.
  @kit Path.expand("../../lib/cantilever/native.ex", __DIR__)

  @type compiled :: {module, binary}

  @doc "Compiles a file that holds one module."
  @spec compile!(Path.t()) :: compiled
  def compile!(file) do
    [{module, beam}] = Code.require_file(file)
    {module, beam}
  end

  @doc "Compiles the kit's own functions once more, so that their settings can be changed. Its library stays as it is."
  @spec kit!() :: compiled
  def kit! do
    Application.put_env(:cantilever, Cantilever.Native, load_data_fun: {__MODULE__, :load_data})
    conflict = Code.get_compiler_option(:ignore_module_conflict)
    Code.put_compiler_option(:ignore_module_conflict, true)

    try do
      [compiled] = Code.compile_file(@kit)
      compiled
    after
      Code.put_compiler_option(:ignore_module_conflict, conflict)
    end
  end

  @doc "Loads the module, with these settings from now on. No process may be in a function of it."
  @spec with_settings!(compiled, keyword) :: :ok
  def with_settings!({module, beam}, settings) do
    :persistent_term.put(@key, settings)
    _killed? = :code.purge(module)
    {:module, ^module} = :code.load_binary(module, ~c"bench", beam)
    :ok
  end

  @doc "The load data of the module that is being loaded."
  @spec load_data() :: keyword
  def load_data, do: [cantilever: :persistent_term.get(@key, [])]
end
