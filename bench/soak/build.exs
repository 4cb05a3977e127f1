defmodule Cantilever.Bench.Soak.Build do
  @moduledoc false
  # Compiles what the child VM runs into a folder of its own: the crate of the kit's tests with its modules, the load, and each
  # of the modules that are upgraded in two versions.

  alias Cantilever.Bench.Soak.Caller
  alias Cantilever.KitNif.EveryCheckpoint

  @root Path.expand("../..", __DIR__)
  @support ~w(term_generator argument_model/types argument_model/results argument_model footprint native_stubs kit_nif)

  # The folder for the child's code path, and the versions as bytecode.
  @spec run!() :: {Path.t(), %{module() => [binary()]}}
  def run! do
    ebin = Path.join(Mix.Project.build_path(), "bench/soak/ebin")
    File.rm_rf!(ebin)
    File.mkdir_p!(ebin)

    files =
      Enum.map(@support, &Path.join(@root, "test/support/#{&1}.ex")) ++
        Path.wildcard(Path.join(__DIR__, "child/*.ex"))

    Code.put_compiler_option(:ignore_module_conflict, true)
    callers = for version <- 0..1, do: caller(version)
    {:ok, _modules, _warnings} = Kernel.ParallelCompiler.compile_to_path(files, ebin)

    libraries =
      for {base, load_data} <- Enum.with_index(libraries()), do: library(base, load_data)

    {ebin, %{Caller => callers, EveryCheckpoint => libraries}}
  end

  defp caller(version) do
    quote do
      defmodule unquote(Caller) do
        def version, do: unquote(version)

        # Not in tail position: the caller stays in this version until the call returns.
        def call(fun) do
          result = fun.()
          _ = Process.put(:version, unquote(version))
          result
        end
      end
    end
    |> bytecode()
  end

  # The library that was built for the module, and a copy under another name, which the VM loads beside it.
  defp libraries do
    extension = Cantilever.Nif.Loader.extension()
    name = Atom.to_string(EveryCheckpoint) <> <<0>>

    built =
      Mix.Project.app_path()
      |> Path.join("ebin/*kit_nif-*#{extension}")
      |> Path.wildcard()
      |> Enum.find(&String.contains?(File.read!(&1), name))

    copy = Path.join(Mix.Project.app_path(), "soak/another_build#{extension}")
    File.mkdir_p!(Path.dirname(copy))
    # Never over a file that some running VM has mapped.
    File.cp!(built, copy <> ".new")
    File.rename!(copy <> ".new", copy)

    for path <- [built, copy],
        do: path |> Path.relative_to(Mix.Project.app_path()) |> Path.rootname()
  end

  defp library(base, load_data) do
    quote do
      defmodule unquote(EveryCheckpoint) do
        use Cantilever.KitNif.Stubs,
          rustler: false,
          skip_compilation?: true,
          load_from: {:cantilever, unquote(base)},
          load_data: unquote(load_data)
      end
    end
    |> bytecode()
  end

  defp bytecode(quoted) do
    [{_module, binary}] = Code.compile_quoted(quoted, "soak")
    binary
  end
end
