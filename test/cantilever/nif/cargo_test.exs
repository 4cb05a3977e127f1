defmodule Cantilever.Nif.CargoTest do
  use ExUnit.Case, async: true

  alias Cantilever.NativeProject
  alias Cantilever.Nif.{Cargo, Options}

  defp options(opts), do: Options.new!(My.Native, [otp_app: :my_app] ++ opts, [])

  setup %{test: test} do
    dir = Path.join(System.tmp_dir!(), "cantilever cargo #{System.pid()} #{:erlang.phash2(test)}")
    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  describe "build/1" do
    test "says how to get a cargo that is missing", %{dir: dir} do
      File.write!(Path.join(dir, "Cargo.toml"), "")

      for cargo <- ["no-such-cargo-in-path", "/no/such/cargo"] do
        assert {:error, message} = Cargo.build(options(path: dir, cargo: {:bin, cargo}))
        assert message =~ ~s(Building the crate "my_app" needs #{cargo}, which was not found)
        assert message =~ "Install Rust"
        assert message =~ ":load_from and :skip_compilation?"
      end
    end

    test "says where the crate was expected", %{dir: dir} do
      missing = Path.join(dir, "native/my_app")
      assert {:error, message} = Cargo.build(options(path: missing))

      assert message =~
               "The directory #{missing} of the crate \"my_app\" does not exist in #{File.cwd!()}"

      assert {:error, message} = Cargo.build(options(path: dir))
      assert message =~ "The directory #{dir} of the crate \"my_app\" has no Cargo.toml"
    end
  end

  describe "arguments/2" do
    test "turn each option into cargo's" do
      common = ~w(build --lib --message-format=json-render-diagnostics --package my_app)
      assert Cargo.arguments(options([]), nil) == common ++ ["--release"]
      assert Cargo.arguments(options(mode: :debug), "/t d") == common ++ ["--target-dir", "/t d"]

      assert Cargo.arguments(
               options(default_features: false, features: ["a", "b"], target: "x-y-z"),
               nil
             ) ==
               common ++ ~w(--release --no-default-features --features a,b --target x-y-z)
    end
  end

  describe "linking/2" do
    test "is for libraries that musl's systems load" do
      host = fn -> "x86_64-unknown-linux-gnu" end
      musl = ["-Ctarget-feature=-crt-static"]
      unset = [env: [{"CARGO_BUILD_TARGET", nil}]]
      assert Cargo.linking(options(unset), host) == []
      assert Cargo.linking(options([target: "aarch64-unknown-linux-musl"] ++ unset), host) == musl

      assert Cargo.linking(options(unset), fn -> "x86_64-unknown-linux-musl" end) == musl

      assert Cargo.linking(
               options(env: [{"CARGO_BUILD_TARGET", "x86_64-unknown-linux-musl"}]),
               host
             ) == musl

      assert is_list(Cargo.linking(options([])))
    end

    test "has cargo make a library at all", %{dir: dir} do
      project = NativeProject.create(dir, use: ~s(, target: "x86_64-unknown-linux-musl"))

      # The target need not be installed for that.
      {output, _status} = NativeProject.mix(project, ["compile"], [{"RUSTFLAGS", nil}])
      assert output =~ "Compiling crate tiny"
      refute output =~ "does not support these crate types"
    end
  end

  describe "reported_library/1" do
    defp artifact(types, names) do
      ~s({"reason":"compiler-artifact","target":{"crate_types":#{types}},"filenames":#{names},"fresh":true}\n)
    end

    test "is the dynamic library of the last artifact" do
      report =
        artifact(~s(["lib"]), ~s(["/t/libdep.rlib"])) <>
          artifact(~s(["rlib","cdylib"]), ~s(["/t/libx.rlib","/t/libx.so"])) <>
          ~s({"reason":"build-finished","success":true}\n)

      assert Cargo.reported_library(report) == "/t/libx.so"
    end

    test "may have any path" do
      assert Cargo.reported_library(
               artifact(~s(["cdylib"]), ~S(["C:\\a \"b\"]\\x.dll","C:\\x.pdb"]))
             ) == ~S(C:\a "b"]\x.dll)

      assert Cargo.reported_library(artifact(~s(["cdylib"]), ~s(["/ü/libx.dylib"]))) ==
               "/ü/libx.dylib"
    end

    test "is none for another kind of crate" do
      dependency = artifact(~s(["cdylib"]), ~s(["/t/libdep.so"]))

      assert Cargo.reported_library(dependency <> artifact(~s(["lib"]), ~s(["/t/libx.rlib"]))) ==
               nil

      assert Cargo.reported_library(artifact(~s(["proc-macro"]), ~s(["/t/libx.so"]))) == nil
      assert Cargo.reported_library("") == nil
    end
  end
end
