defmodule Cantilever.Nif.Precompiled.ReproducibleTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.Reproducible

  # Whatever the environment of these tests has, these have it otherwise.
  @unset [
    {"RUSTFLAGS", nil},
    {"CARGO_ENCODED_RUSTFLAGS", nil},
    {"CARGO_PROFILE_RELEASE_STRIP", nil},
    {"CARGO_INCREMENTAL", nil},
    {"CARGO_TARGET_DIR", "/work/target"},
    {"CARGO_HOME", "/home/me/.cargo"}
  ]

  defp arguments(env \\ [], opts \\ []) do
    options =
      Options.new!(My.Native, [otp_app: :my_app, target: "x86_64-unknown-linux-gnu"] ++ opts, [])

    options = %{
      options
      | env: Enum.uniq_by(env ++ @unset, &elem(&1, 0)),
        path: opts[:path] || "/work/native"
    }

    {options, more} =
      Reproducible.arguments(options, "/work", %{"kit" => "/work/deps/kit", "up" => "/up"})

    {Map.new(options.env), more}
  end

  describe "arguments/3" do
    test "replace paths, those inside of others last" do
      {env, ["--config", config]} = arguments()
      assert env["CARGO_PROFILE_RELEASE_STRIP"] == "symbols"
      assert env["CARGO_INCREMENTAL"] == "0"

      assert config ==
               ~s(target.'cfg(all\(\)\)'.rustflags=["--remap-path-prefix=/up=/deps/up", ) <>
                 ~s("--remap-path-prefix=/work=/my_app", "--remap-path-prefix=/work/target=/target", ) <>
                 ~s("--remap-path-prefix=/work/deps/kit=/deps/kit", "--remap-path-prefix=/home/me/.cargo=/cargo"])
    end

    test "leave what the user has set" do
      {env, _more} =
        arguments([{"CARGO_PROFILE_RELEASE_STRIP", "none"}, {"CARGO_INCREMENTAL", "1"}])

      assert env["CARGO_PROFILE_RELEASE_STRIP"] == "none"
      assert env["CARGO_INCREMENTAL"] == "1"
    end

    test "add to flags of the environment, which keep cargo from looking at settings" do
      for {name, flags} <- [
            {"RUSTFLAGS", "-Ctarget-cpu=native  --cfg x"},
            {"CARGO_ENCODED_RUSTFLAGS", "-Ctarget-cpu=native\x1F--cfg\x1Fx"}
          ] do
        {env, []} = arguments([{name, flags}])

        assert ["-Ctarget-cpu=native", "--cfg", "x", "--remap-path-prefix=/up=/deps/up" | _] =
                 String.split(env["CARGO_ENCODED_RUSTFLAGS"], "\x1F")
      end
    end

    test "count a variable that is set to nothing, as cargo does" do
      for name <- ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] do
        {env, []} = arguments([{name, ""}])
        assert "--remap-path-prefix=/up=/deps/up" <> _ = env["CARGO_ENCODED_RUSTFLAGS"]
      end
    end

    test "link libraries for musl as such" do
      {_env, [_, config]} = arguments([], target: "x86_64-unknown-linux-musl")
      assert config =~ ~s("-Ctarget-feature=-crt-static"])
    end

    test "go beside the flags in cargo's settings" do
      dir = Path.join(System.tmp_dir!(), "cantilever reproducible #{System.pid()}")
      on_exit(fn -> File.rm_rf!(dir) end)
      File.mkdir_p!(Path.join(dir, ".cargo"))
      File.mkdir_p!(Path.join(dir, "native"))

      File.write!(
        Path.join(dir, ".cargo/config.toml"),
        "[build]\nrustflags = [\"--cfg\", \"x\"]\n"
      )

      {_env, [_, config]} = arguments([], path: Path.join(dir, "native"))
      assert config =~ "build.rustflags=["
    end
  end

  describe "key/1" do
    test "is the one that cargo looks at" do
      target = "target.'cfg(all())'.rustflags"

      for {settings, key} <- [
            {[], target},
            {["[build]\njobs = 1\n"], target},
            {["[build]\nrustflags = [\"-Cx\"]"], "build.rustflags"},
            {["build.rustflags = \"-Cx\""], "build.rustflags"},
            {["[ build ] # x\n  rustflags=[]"], "build.rustflags"},
            {["[build]\n# rustflags = []"], target},
            {["[build]\nrustflags = []\n[target.x86_64-unknown-linux-gnu]\nrustflags = []"],
             target},
            {["[build]\nrustflags = []", "[target.'cfg(windows)']\nlinker = \"x\""],
             "build.rustflags"},
            {["[build]\nrustflags = []", "[target]\n'cfg(unix)'.rustflags = []"], target}
          ] do
        assert Reproducible.key(settings) == key
      end
    end
  end
end
