defmodule Cantilever.PrecompiledCase do
  @moduledoc false
  # For tests with real projects on a machine without cargo, and a real server. Nobody waits for a retry.

  use ExUnit.CaseTemplate

  alias Cantilever.{ArtifactServer, NativeProject, PrecompiledProject}

  using do
    quote do
      import Cantilever.PrecompiledCase

      alias Cantilever.{ArtifactServer, NativeProject, PrecompiledProject}
    end
  end

  setup_all do
    dir =
      Path.join(
        System.tmp_dir!(),
        "cantilever precompiled #{System.pid()} #{System.unique_integer([:positive])}"
      )

    on_exit(fn -> File.rm_rf!(dir) end)
    %{library: PrecompiledProject.library(dir), dir: dir}
  end

  setup %{dir: dir, test: test} do
    dir = Path.join(dir, "#{:erlang.phash2(test)}")

    %{
      project: Path.join(dir, "project"),
      cache: Path.join(dir, "cache"),
      artifacts: Path.join(dir, "artifacts")
    }
  end

  # A server that reports which files are asked for.
  @spec serve(%{String.t() => binary()}) :: String.t()
  def serve(files) do
    test = self()

    port =
      ArtifactServer.start(fn request ->
        send(test, {:asked, Path.basename(request.target)})
        ArtifactServer.files(files).(request)
      end)

    "http://localhost:#{port}/releases"
  end

  @spec asked() :: [String.t()]
  def asked do
    receive do
      {:asked, name} -> [name | asked()]
    after
      0 -> []
    end
  end

  @spec answer(map(), [{String.t(), String.t()}]) :: {String.t(), non_neg_integer()}
  def answer(context, env \\ []) do
    NativeProject.eval(
      context.project,
      "IO.puts(Tiny.answer())",
      [{"CANTILEVER_CACHE", context.cache}] ++ PrecompiledProject.without_cargo() ++ env
    )
  end

  @spec create(map(), term(), keyword()) :: :ok
  def create(context, base_url, opts \\ []),
    do: PrecompiledProject.create(context.project, base_url, context.library, opts)

  @spec failure(map(), [{String.t(), String.t()}]) :: String.t()
  def failure(context, env \\ []) do
    {output, status} = answer(context, env)
    assert status != 0, output
    assert NativeProject.libraries(context.project) == []
    refute output =~ "\n11\n"
    output
  end
end
