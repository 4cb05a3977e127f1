defmodule Cantilever.NifTest do
  use ExUnit.Case, async: true

  alias Cantilever.NativeProject

  setup %{test: test} do
    dir = Path.join(System.tmp_dir!(), "cantilever nif #{System.pid()} #{:erlang.phash2(test)}")
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  describe "use Cantilever.Nif" do
    test "builds two crates while Mix compiles their modules in parallel", %{dir: dir} do
      NativeProject.create(dir, crate: "first-one", module: "First")
      NativeProject.native(dir, "second", "Second")
      NativeProject.elixir(dir, "my_app", "second", "Second")

      assert {output, 0} =
               NativeProject.eval(dir, "IO.inspect({First.answer(), Second.answer()})")

      assert output =~ "{11, 11}"
      assert output =~ "Compiling crate first-one (release, native/first-one)"
      # Cargo's own progress.
      assert output =~ ~r/Compiling second v0.1.0/
      assert length(NativeProject.cargo_starts(dir)) == 2

      assert [first, second] = dir |> NativeProject.libraries() |> Enum.map(&Path.basename/1)
      assert first =~ ~r/\Alibfirst_one-[0-9a-f]{16}\.so\z/
      assert second =~ ~r/\Alibsecond-[0-9a-f]{16}\.so\z/
    end

    test "builds one crate for two modules that want different features", %{dir: dir} do
      NativeProject.create(dir)

      NativeProject.elixir(dir, "my_app", "tiny", "Second",
        use: ~s(, features: ["second", "thousand"])
      )

      script = "IO.inspect({Tiny.answer(), Second.answer()})"
      assert {output, 0} = NativeProject.eval(dir, script)
      assert output =~ "{11, 1011}"
      assert [_, _] = old = NativeProject.libraries(dir)
      assert [_, _] = NativeProject.cargo_starts(dir)

      NativeProject.age(dir)
      NativeProject.replace(dir, "lib/tiny.ex", "def answer", "@doc false\n  def answer")
      NativeProject.replace(dir, "lib/second.ex", "def answer", "@doc false\n  def answer")
      assert {output, 0} = NativeProject.eval(dir, script)
      assert output =~ "{11, 1011}"
      assert NativeProject.libraries(dir) == old
      assert [_, _] = NativeProject.cargo_starts(dir)

      NativeProject.age(dir)
      NativeProject.replace(dir, "native/tiny/src/ten.txt", "10", "20")
      assert {output, 0} = NativeProject.eval(dir, script)
      assert output =~ "{21, 1021}"
      assert [_, _] = new = NativeProject.libraries(dir)
      assert new -- old == new
      assert [_, _, _, _] = NativeProject.cargo_starts(dir)
    end

    test "does not take what cargo has built for another crate with other features", %{dir: dir} do
      env = [{"CARGO_TARGET_DIR", Path.join(dir, "target")}]
      NativeProject.create(dir, crate_type: ~s(cdylib", "rlib))
      assert {_output, 0} = NativeProject.mix(dir, ["compile"], env)

      NativeProject.write(dir, "native/other/Cargo.toml", """
      [package]
      name = "other"
      version = "0.1.0"
      edition = "2021"

      [dependencies]
      tiny = { path = "../tiny", features = ["thousand"] }
      """)

      NativeProject.write(dir, "native/other/src/lib.rs", "")
      other = [cd: Path.join(dir, "native/other"), env: env, stderr_to_stdout: true]
      assert {_output, 0} = System.cmd("cargo", ~w(build --release), other)

      [library] = NativeProject.libraries(dir)
      File.rm!(library)
      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.answer())", env)
      assert output =~ ~r/^11$/m
    end

    test "removes the library of a module that was renamed", %{dir: dir} do
      NativeProject.create(dir)
      {_output, 0} = NativeProject.mix(dir, ["compile"])
      assert [old] = NativeProject.libraries(dir)
      NativeProject.age(dir)
      File.rm!(Path.join(dir, "lib/tiny.ex"))
      NativeProject.replace(dir, "native/tiny/src/lib.rs", "Elixir.Tiny", "Elixir.Renamed")
      NativeProject.elixir(dir, "my_app", "tiny", "Renamed")
      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Renamed.answer())")
      assert output =~ ~r/^11$/m
      assert [new] = NativeProject.libraries(dir)
      assert new != old
    end

    test "lets cargo build where CARGO_TARGET_DIR says", %{dir: dir} do
      NativeProject.create(dir, use: ~s(, env: [{"CARGO_TARGET_DIR", "../../else where"}]))
      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
      assert File.regular?(Path.join(dir, "else where/release/libtiny_lib.so"))
      refute File.exists?(Path.join(dir, "_build/dev/cantilever"))
    end

    test "works in an umbrella, whose children share cargo's target directory", %{dir: dir} do
      NativeProject.write(dir, "mix.exs", """
      defmodule Umbrella.MixProject do
        use Mix.Project
        def project, do: [apps_path: "apps", deps: []]
      end
      """)

      in_umbrella =
        ~s([build_path: "../../_build", deps_path: "../../deps", lockfile: "../../mix.lock"])

      for {app, module} <- [{"one", "One"}, {"two", "Two"}] do
        NativeProject.create(Path.join(dir, "apps/#{app}"),
          app: app,
          crate: app,
          module: module,
          project: in_umbrella
        )
      end

      assert {output, 0} = NativeProject.eval(dir, "IO.inspect({One.answer(), Two.answer()})")
      assert output =~ "{11, 11}"
      assert Path.wildcard(Path.join(dir, "_build/dev/cantilever/release/*.so")) |> length() == 2
      assert Path.wildcard(Path.join(dir, "apps/*/native/*/target")) == []
    end

    test "works in a release", %{dir: dir} do
      deps = NativeProject.dependency(Path.join(dir, "cantilever"))
      project = NativeProject.create(Path.join(dir, "project"), deps: deps)
      env = [{"MIX_ENV", "prod"}, {"ERL_LIBS", ""}]
      assert {output, 0} = NativeProject.mix(project, ["release", "--quiet"], env)
      release = Path.join(project, "_build/prod/rel/my_app")
      File.rename!(Path.join(project, "native"), Path.join(project, "gone"))

      assert {answer, 0} =
               System.cmd(
                 Path.join(release, "bin/my_app"),
                 ["eval", "IO.inspect({Tiny.answer(), Code.ensure_loaded?(Mix)})"],
                 env: [{"ERL_LIBS", nil}],
                 stderr_to_stdout: true
               ),
             output

      assert answer =~ "{11, false}"
    end

    test "loads a library from elsewhere without cargo", %{dir: dir} do
      built = NativeProject.create(Path.join(dir, "built"))
      {_output, 0} = NativeProject.mix(built, ["compile"])
      [library] = NativeProject.libraries(built)

      other =
        NativeProject.create(Path.join(dir, "other"),
          use: ~s(, load_from: {:my_app, "priv/native/mine"}, skip_compilation?: true)
        )

      File.rm_rf!(Path.join(other, "native"))
      assert {_output, 0} = NativeProject.mix(other, ["compile"])

      File.mkdir_p!(Path.join(other, "priv/native"))
      File.cp!(library, Path.join(other, "priv/native/mine.so"))
      assert {output, 0} = NativeProject.eval(other, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
      assert NativeProject.cargo_starts(other) == []
    end

    test "installs at :load_from when the crate is built", %{dir: dir} do
      NativeProject.create(dir, use: ~s(, load_from: {:my_app, "priv/native/mine"}))
      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
      assert File.regular?(Path.join(dir, "_build/dev/lib/my_app/priv/native/mine.so"))
      assert NativeProject.libraries(dir) == []
    end

    test "loads again beside old code that nobody runs", %{dir: dir} do
      NativeProject.create(dir)

      script = """
      IO.puts(Tiny.answer())
      :code.delete(Tiny)
      IO.inspect(:code.load_file(Tiny))
      IO.puts(Tiny.answer())
      """

      assert {output, 0} = NativeProject.eval(dir, script)
      assert output =~ "11\n{:module, Tiny}\n11\n"
    end

    test "passes load data computed when the library is loaded", %{dir: dir} do
      NativeProject.create(dir, use: ", load_data_fun: {Data, :load}")

      NativeProject.write(dir, "lib/data.ex", """
      defmodule Data do
        def load, do: IO.puts("computed in \#{Application.fetch_env!(:my_app, :place)}")
      end
      """)

      script = "Application.put_env(:my_app, :place, :here); IO.puts(Tiny.answer())"
      assert {output, 0} = NativeProject.eval(dir, script)

      # Who looks at the script before it runs may try to load the module, and log in between that it cannot yet.
      assert output =~ ~r/^computed in here$/m
      assert output =~ ~r/^11$/m
    end
  end

  describe "a compilation fails" do
    test "with cargo's messages and where to look for them", %{dir: dir} do
      NativeProject.create(dir)
      NativeProject.write(dir, "native/tiny/src/lib.rs", "fn broken( {")
      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "error: this file contains an unclosed delimiter"
      assert output =~ ~s[Cargo could not build the crate "tiny" in native/tiny (exit status 101)]
    end

    test "for a crate that is no dynamic library", %{dir: dir} do
      NativeProject.create(dir, crate_type: "rlib")
      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ ~s(Add these lines to native/tiny/Cargo.toml)
      assert output =~ ~s(crate-type = ["cdylib"])
    end

    test "listing every difference between the module and its library", %{dir: dir} do
      NativeProject.create(dir,
        functions: [{"add", 2}, {"answer", 0}, {"sub", 2}],
        stubs: """
        def answer, do: :erlang.nif_error(:nif_not_loaded)
          def sub(_a), do: :erlang.nif_error(:nif_not_loaded)
          def extra(_a), do: :erlang.nif_error(:nif_not_loaded)
        """
      )

      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "Tiny and its crate \"tiny\" differ"
      assert output =~ "add/2    def add(_arg1, _arg2), do: :erlang.nif_error(:nif_not_loaded)"
      assert output =~ "Rust has sub/2, the module has sub/1"
      assert output =~ ~r/stubs without a Rust function.*\n    extra\/1\n/
      refute output =~ "answer"
    end

    test "not for functions that leave no trace in the library, but for stubs of none", %{
      dir: dir
    } do
      NativeProject.create(dir,
        functions: [{"answer", 0}, {"plain", 1}],
        traced: [{"answer", 0}],
        stubs: """
        def answer, do: :erlang.nif_error(:nif_not_loaded)
          def plain(_a), do: :erlang.nif_error(:nif_not_loaded)
        """
      )

      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.plain(1))")
      assert output =~ ~r/^11$/m

      NativeProject.age(dir)

      NativeProject.replace(
        dir,
        "lib/tiny.ex",
        "def plain(_a)",
        "def plain(_a), do: answer()\n  def none(_a)"
      )

      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ ~r/stubs without a Rust function.*\n    none\/1\n/
      refute output =~ "plain"
    end

    test "for stubs of none in a crate of the kit whose functions all leave no trace", %{dir: dir} do
      NativeProject.create(dir, init: true, traced: [], load: "Some(unwrap)")
      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m

      NativeProject.age(dir)

      NativeProject.replace(
        dir,
        "lib/tiny.ex",
        "def answer",
        "def none, do: :erlang.nif_error(:nif_not_loaded)\n  def answer"
      )

      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ ~r/stubs without a Rust function.*\n    none\/0\n/
      refute output =~ "answer"
    end

    test "not for a crate of plain rustler with a stub too many", %{dir: dir} do
      NativeProject.create(dir,
        traced: [],
        stubs: """
        def answer, do: :erlang.nif_error(:nif_not_loaded)
          def only_on_other_systems, do: :erlang.nif_error(:nif_not_loaded)
        """
      )

      assert {output, 0} = NativeProject.eval(dir, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
    end

    test "when the library belongs to another module", %{dir: dir} do
      NativeProject.create(dir)
      NativeProject.elixir(dir, "my_app", "tiny", "Other")
      File.rm!(Path.join(dir, "lib/tiny.ex"))
      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "== Compilation error in file lib/other.ex =="

      assert output =~
               "it does not belong to this module (Library module name 'Elixir.Tiny' does not match"
    end

    test "when the library refuses to be loaded", %{dir: dir} do
      NativeProject.create(dir, load: "Some(refuse)")
      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "== Compilation error in file lib/tiny.ex =="

      assert output =~
               ~r/could not be loaded from .*libtiny-[0-9a-f]{16}\.so: its load function refused/

      assert {_output, 1} = NativeProject.mix(dir, ["compile"])
      assert [_, _] = NativeProject.cargo_starts(dir)
    end

    test "when the library is for another machine, unless the build is a cross build", %{dir: dir} do
      NativeProject.create(dir,
        use: ~s(, load_from: {:my_app, "priv/mine"}, skip_compilation?: true)
      )

      # An ELF header of a machine that no developer sits at.
      NativeProject.write(
        dir,
        "priv/mine.so",
        <<0x7F, "ELF", 2, 1, 0::80, 3::little-16, 0xF3::little-16, 0::800>>
      )

      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "it is built for riscv64 ELF (Linux, BSD), but this VM loads"

      assert {output, 0} = NativeProject.mix(dir, ["compile"], [{"MIX_TARGET", "board"}])
      refute output =~ "could not be loaded"
    end

    test "for an application that is not the one being compiled", %{dir: dir} do
      NativeProject.create(dir)
      NativeProject.elixir(dir, "logger", "tiny", "Tiny")
      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "Tiny: invalid value for the option :otp_app: :logger. Accepted: :my_app"
    end

    test "for a dependency that a release would lack", %{dir: dir} do
      deps = NativeProject.dependency(Path.join(dir, "cantilever"))

      for deps <- [
            String.replace(deps, "}]", ", runtime: false}]"),
            String.replace(deps, "path:", ~s(">= 0.0.0", runtime: false, path:))
          ] do
        project = NativeProject.create(Path.join(dir, "project"), deps: deps)
        assert {output, 1} = NativeProject.mix(project, ["compile"], [{"ERL_LIBS", ""}])
        assert output =~ "Tiny: the dependency :cantilever has the option `runtime: false`"
        assert output =~ "Remove that option"
        assert NativeProject.cargo_starts(project) == []
      end
    end

    test "for an unknown option in the configuration", %{dir: dir} do
      NativeProject.create(dir)

      NativeProject.write(
        dir,
        "config/config.exs",
        "import Config\nconfig :my_app, Tiny, mod: :debug\n"
      )

      assert {output, 1} = NativeProject.mix(dir, ["compile"])
      assert output =~ "Tiny: unknown option :mod in `use Cantilever.Nif` or in its configuration"
      assert NativeProject.cargo_starts(dir) == []
    end
  end
end
