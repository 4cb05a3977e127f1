defmodule Mix.Tasks.Cantilever.Gen.WorkflowTest do
  use ExUnit.Case, async: true

  alias Cantilever.{Artifacts, NativeProject}

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever workflow #{System.pid()} #{:erlang.phash2(test)}")

    on_exit(fn -> File.rm_rf!(dir) end)
    project = Artifacts.project(dir, targets: ~w(x86_64-unknown-linux-gnu aarch64-apple-darwin))
    %{project: project, path: Path.join(project, ".github/workflows/precompile.yml")}
  end

  defp run(project, args) do
    result = NativeProject.mix(project, ["cantilever.gen.workflow", "MyApp.Native" | args])
    refute Artifacts.compiled?(project)
    result
  end

  test "writes the workflow for what is declared", %{project: project, path: path} do
    {output, 0} = run(project, ~w(--dry-run --elixir 1.18 --otp 27))
    assert output =~ "- target: aarch64-apple-darwin"
    refute File.exists?(path)

    {_output, 0} = run(project, ~w(--elixir 1.18 --otp 27))
    text = File.read!(path)
    assert output == text <> "\n"

    # The same again is nothing to ask about, and something else is replaced on demand.
    {_output, 0} = run(project, ~w(--elixir 1.18 --otp 27))
    {_output, 0} = run(project, ~w(--force --elixir 1.19 --otp 28))
    assert File.read!(path) =~ ~s(elixir-version: "1.19")
  end

  test "leaves a file of the user's when there is nobody to ask", %{project: project, path: path} do
    NativeProject.write(project, ".github/workflows/precompile.yml", "mine\n")

    {output, _status} =
      System.cmd("sh", ["-c", "exec mix cantilever.gen.workflow MyApp.Native < /dev/null"],
        cd: project,
        stderr_to_stdout: true,
        env: [{"ERL_LIBS", Path.join(Mix.Project.build_path(), "lib")}, {"MIX_ENV", "dev"}]
      )

    assert output =~ "already exists, overwrite?"
    assert File.read!(path) == "mine\n"
  end

  test "writes nothing for a target without a machine", %{project: project, path: path} do
    {output, 1} = run(project, ~w(--targets s390x-unknown-linux-gnu))

    assert output =~
             "mix cantilever.gen.workflow: lib/my_app/native.ex: for s390x-unknown-linux-gnu"

    refute File.exists?(path)
  end
end
