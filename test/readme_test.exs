defmodule Cantilever.ReadmeTest do
  use ExUnit.Case, async: true

  @root File.cwd!()
  @readme File.read!("README.md")

  # The block of code that follows the line with this file's name, as in `# lib/my_app/native.ex`.
  defp block(path) do
    [_all, content] = Regex.run(~r/```\w+\n\S+ #{Regex.escape(path)}\n(.*?)```/s, @readme)
    content
  end

  defp write(dir, path, content) do
    File.mkdir_p!(Path.dirname(Path.join(dir, path)))
    File.write!(Path.join(dir, path), content)
  end

  describe "the example" do
    test "is all that a project needs" do
      # Not below this project, of whose Cargo workspace the crate would be.
      tmp_dir = Path.join(System.tmp_dir!(), "cantilever readme #{System.pid()}")
      on_exit(fn -> File.rm_rf!(tmp_dir) end)
      File.mkdir_p!(tmp_dir)
      project = Path.join(tmp_dir, "my_app")
      File.ln_s!(@root, Path.join(tmp_dir, "cantilever"))

      for path <- [
            "native/my_app_native/Cargo.toml",
            "native/my_app_native/src/lib.rs",
            "lib/my_app/native.ex"
          ],
          do: write(project, path, block(path))

      # The versions that this project is tested with.
      File.cp!("Cargo.lock", Path.join(project, "native/my_app_native/Cargo.lock"))
      assert @readme =~ ~s|{:cantilever, path: "../cantilever"}|

      write(project, "mix.exs", """
      defmodule MyApp.MixProject do
        use Mix.Project
        def project, do: [app: :my_app, version: "0.1.0", deps: [{:cantilever, path: "../cantilever"}]]
        def application, do: []
      end
      """)

      [call, result] =
        Regex.run(~r/(MyApp\.Native\.count_primes\(.*?\))\n#=> (\d+)/, @readme,
          capture: :all_but_first
        )

      # What this project has built need not be built again.
      target =
        System.get_env("CARGO_TARGET_DIR") || Path.join(Mix.Project.build_path(), "cantilever")

      {output, status} =
        System.cmd("mix", ["do", "deps.get", "+", "run", "-e", "IO.puts(\"got \#{#{call}}\")"],
          cd: project,
          stderr_to_stdout: true,
          env: [
            {"CARGO_TARGET_DIR", target},
            {"MIX_ENV", "test"},
            {"MIX_DEPS_PATH", nil},
            {"MIX_BUILD_PATH", nil}
          ]
        )

      assert {status, output} == {0, output}
      assert output =~ "got #{result}\n"
    end
  end
end
