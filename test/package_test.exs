defmodule Cantilever.PackageTest do
  use ExUnit.Case, async: true

  # Not below this project, where Cargo would find what the package lacks.
  setup do
    dir = Path.join(System.tmp_dir!(), "cantilever package #{System.pid()}")
    on_exit(fn -> File.rm_rf!(dir) end)

    for path <- Mix.Project.config()[:package][:files] do
      File.mkdir_p!(Path.dirname(Path.join(dir, path)))
      File.cp_r!(path, Path.join(dir, path))
    end

    {:ok, dir: dir}
  end

  describe "what the package holds" do
    test "is all that cargo needs to build the kit", %{dir: dir} do
      arguments = ~w(metadata --no-deps --offline --locked --format-version 1)
      assert {output, 0} = System.cmd("cargo", arguments, cd: dir, stderr_to_stdout: true)
      assert output =~ ~s("name":"cantilever_native")
    end
  end

  describe "the version" do
    test "is the same for Mix and for Cargo" do
      version = Mix.Project.config()[:version]
      assert File.read!("Cargo.toml") =~ ~s([workspace.package]\nversion = "#{version}")
    end
  end
end
