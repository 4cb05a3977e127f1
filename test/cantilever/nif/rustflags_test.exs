defmodule Cantilever.Nif.RustflagsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.{Options, Rustflags}

  @flags ["-Cours", "-Cb=\"a\""]
  @target "target.'cfg(all())'.rustflags"

  setup %{test: test} do
    dir = Path.join(System.tmp_dir!(), "cantilever flags #{System.pid()} #{:erlang.phash2(test)}")
    File.mkdir_p!(Path.join(dir, "native/.cargo"))
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  # Whatever the environment of these tests has, these have it otherwise.
  defp add(dir, env, flags \\ @flags) do
    options = Options.new!(My.Native, [otp_app: :my_app, path: Path.join(dir, "native")], [])

    unset = for name <- Map.keys(System.get_env()), name =~ "RUSTFLAGS", do: {name, nil}

    env = Enum.uniq_by(env ++ [{"CARGO_HOME", Path.join(dir, "home")} | unset], &elem(&1, 0))
    {options, more} = Rustflags.add(%{options | env: env}, flags)
    {Map.new(options.env), more}
  end

  describe "add/2" do
    test "sets what nobody else does", %{dir: dir} do
      assert {_env, ["--config", config]} = add(dir, [])
      assert config == @target <> "=[\"-Cours\", \"-Cb=\\\"a\\\"\"]"
    end

    test "changes nothing when there is nothing to add", %{dir: dir} do
      env = [{"RUSTFLAGS", "-Cuser"}]
      assert {%{"RUSTFLAGS" => "-Cuser"} = env, []} = add(dir, env, [])
      refute Map.has_key?(env, "CARGO_ENCODED_RUSTFLAGS")
    end

    test "adds to variables, which keep cargo from looking at settings", %{dir: dir} do
      for {name, flags} <- [
            {"RUSTFLAGS", "-Cuser  --cfg x"},
            {"CARGO_ENCODED_RUSTFLAGS", "-Cuser\x1F--cfg\x1Fx"}
          ] do
        {env, []} = add(dir, [{name, flags}])

        assert String.split(env["CARGO_ENCODED_RUSTFLAGS"], "\x1F") ==
                 ["-Cuser", "--cfg", "x" | @flags]
      end
    end

    test "counts a variable that is set to nothing, as cargo does", %{dir: dir} do
      for name <- ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] do
        {env, []} = add(dir, [{name, ""}])
        assert env["CARGO_ENCODED_RUSTFLAGS"] == Enum.join(@flags, "\x1F")
      end
    end

    test "adds to variables that stand for settings", %{dir: dir} do
      assert {%{"CARGO_BUILD_RUSTFLAGS" => ~S(-Cuser -Cours -Cb="a")}, []} =
               add(dir, [{"CARGO_BUILD_RUSTFLAGS", "-Cuser"}])

      env = [{"CARGO_TARGET_A_B_RUSTFLAGS", "-C"}, {"CARGO_BUILD_RUSTFLAGS", "-C"}]
      assert {_env, ["--config", @target <> "=" <> _]} = add(dir, env)
    end

    test "goes beside the flags in settings, with or without blanks", %{dir: dir} do
      settings = Path.join(dir, "native/.cargo/config.toml")
      File.write!(settings, "[build]\nrustflags = [\"-Cuser\"]\n")
      assert {%{"CARGO_BUILD_RUSTFLAGS" => ~S(-Cours -Cb="a")}, []} = add(dir, [])
      assert {_env, ["--config", ~S(build.rustflags=["-Ca b"])]} = add(dir, [], ["-Ca b"])
      File.write!(settings, "[target.a-b-c]\nrustflags = []\n")
      assert {_env, ["--config", @target <> "=" <> _]} = add(dir, [])
    end

    test "is taken by cargo together with what the user has set", %{dir: dir} do
      native = Path.join(dir, "native")

      {_output, 0} =
        System.cmd("cargo", ~w(init --lib --vcs none --name flags),
          cd: native,
          stderr_to_stdout: true
        )

      File.write!(Path.join(native, "src/lib.rs"), """
      #![allow(unexpected_cfgs)]
      #[cfg(not(user))] compile_error!("no user");
      #[cfg(not(ours))] compile_error!("no ours");
      """)

      {:ok, %{target: triple}} = Cantilever.Nif.Precompiled.Target.running()
      variable = "CARGO_TARGET_#{triple |> String.upcase() |> String.replace("-", "_")}_RUSTFLAGS"

      for {env, settings} <- [
            {[{"RUSTFLAGS", "--cfg user"}], ""},
            {[{"CARGO_ENCODED_RUSTFLAGS", "--cfg\x1Fuser"}], ""},
            {[{"CARGO_BUILD_RUSTFLAGS", "--cfg user"}], ""},
            {[{variable, "--cfg user"}], ""},
            {[], "[build]\nrustflags = \"--cfg user\"\n"},
            {[], "[build]\nrustflags = [\"--cfg\", \"user\"]\n"},
            {[], "[target.#{triple}]\nrustflags = \"--cfg user\"\n"},
            {[], "[target.'cfg(all())']\nrustflags = [\"--cfg\", \"user\"]\n"}
          ] do
        File.write!(Path.join(native, ".cargo/config.toml"), settings)
        {env, more} = add(dir, env, ["--cfg", "ours"])

        env =
          env |> Map.delete("CARGO_HOME") |> Map.put("CARGO_TARGET_DIR", Path.join(dir, "target"))

        {output, status} =
          System.cmd("cargo", ["check" | more], cd: native, env: env, stderr_to_stdout: true)

        assert status == 0, "#{inspect({settings, more})}: #{output}"
      end
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
        assert Rustflags.key(settings) == key
      end
    end
  end
end
