defmodule Mix.Tasks.Cantilever.PrecompileTest do
  use ExUnit.Case, async: true

  alias Cantilever.NativeProject
  alias Cantilever.Nif.Library
  alias Cantilever.Nif.Precompiled.{Archive, Checksums, Elf, Target}

  @use ~s(, version: "0.1.0", nif_versions: ["2.15"])

  setup_all do
    dir = Path.join(System.tmp_dir!(), "cantilever precompile #{System.pid()}")
    on_exit(fn -> File.rm_rf!(dir) end)
    {:ok, %{target: target}} = Target.running()
    %{dir: dir, target: target, name: "libtiny-v0.1.0-nif-2.15-#{target}.so"}
  end

  defp create(dir, opts \\ []),
    do: NativeProject.create(dir, Keyword.merge([use: @use, init: true], opts))

  defp run(project, args, env \\ []),
    do: NativeProject.mix(project, ["cantilever.precompile" | args], env)

  test "makes the same archive anywhere, and the other tasks vouch for it", context do
    %{dir: dir, target: target, name: name} = context
    archive = name <> ".tar.gz"

    [bytes, other] =
      for path <- ["one", "two/is deeper"] do
        project = create(Path.join(dir, path))
        {output, 0} = run(project, ["Tiny", "--target", target, "--out", "out"])
        bytes = File.read!(Path.join([project, "out", archive]))
        assert output =~ "out/#{archive}\n"
        assert output =~ "\n  #{Checksums.digest(bytes)}\n"
        assert File.ls!(Path.join(project, "out")) == [archive]
        assert Path.wildcard(Path.join(project, "_build/*/lib/my_app/ebin/*")) == []
        bytes
      end

    assert bytes == other
    assert {:ok, library} = Archive.unpack(bytes, name, 100_000_000)

    # The kit's notes are still there, and nothing tells where it was built.
    assert %Library{kit?: true, functions: [{:answer, 0, :normal}]} = Library.parse(library)
    for path <- [dir, System.user_home!(), File.cwd!()], do: refute(library =~ path)

    project = Path.join(dir, "one")
    args = ["Tiny", "--from-dir", "out", "--targets", target]
    {_output, 0} = NativeProject.mix(project, ["cantilever.checksum" | args])
    {_output, 0} = NativeProject.mix(project, ["cantilever.verify" | args])
    {:ok, checksums} = Checksums.read(Tiny, project)

    if target =~ "gnu" do
      assert {2, _minor} = Checksums.glibc(checksums, archive)
      assert Checksums.glibc(checksums, archive) == Elf.glibc_needed(library)
    end
  end

  test "builds with the flags and settings of the project", %{dir: dir, target: target} do
    variants = ~s(, variants: %{"x86_64-unknown-linux-gnu" => [fast: fn -> true end]})
    project = create(Path.join(dir, "flags"), use: @use <> variants)

    NativeProject.write(
      project,
      ".cargo/config.toml",
      "[build]\nrustflags = [\"--cfg\", \"seven\"]\n"
    )

    NativeProject.replace(
      project,
      "native/shared/src/lib.rs",
      "{ 1 }",
      "{ 1 }\n#[cfg(not(seven))] compile_error!(\"no seven\");\n#[allow(unexpected_cfgs)] mod allowed {}"
    )

    args = ["Tiny", "--variant", "fast", "--target", target]

    if target == "x86_64-unknown-linux-gnu" do
      {output, 0} = run(project, args)
      assert output =~ "artifacts/libtiny-v0.1.0-nif-2.15-#{target}--fast.so.tar.gz"
    end

    {_output, 0} = run(project, ["Tiny"], [{"RUSTFLAGS", "--cfg seven"}])
    {output, 1} = run(project, ["Tiny"], [{"RUSTFLAGS", "--cfg eight"}])
    assert output =~ "no seven"
    assert output =~ ~s(mix cantilever.precompile: Cargo could not build the crate "tiny")
  end

  test "builds nothing that nobody would look for", %{dir: dir, target: target} do
    project =
      create(Path.join(dir, "undeclared"),
        use: ~s(, version: "0.1.0", nif_versions: ["2.15", "2.16"])
      )

    for {args, problem} <- [
          {["--target", "s390x-unknown-linux-gnu", "--nif-version", "2.15"],
           "declares no target s390x-unknown-linux-gnu, so nobody would look for it"},
          {["--target", target], "declares the NIF versions 2.15, 2.16. Pass --nif-version"},
          {["--target", target, "--nif-version", "2.14"], "declares no NIF version 2.14"},
          {["--target", target, "--nif-version", "2.15", "--variant", "odd"],
           "declares no variant for #{target} odd"}
        ] do
      {output, 1} = run(project, ["Tiny" | args])
      assert output =~ "mix cantilever.precompile: Tiny #{problem}"
    end

    assert NativeProject.cargo_starts(project) == []
    refute File.exists?(Path.join(project, "artifacts"))
  end

  test "says what it cannot build from", %{dir: dir} do
    project = create(Path.join(dir, "broken"), use: ~s|, version: "0.1.0", env: env()|)
    {output, 1} = run(project, ["Tiny"])
    assert output =~ "Tiny: the option :env cannot be read without running the project's code"

    project = create(Path.join(dir, "wrong"), use: ~s(, version: "0.1.0", features: :all))
    {output, 1} = run(project, ["Tiny"])

    assert output =~
             "mix cantilever.precompile: Tiny: invalid value for the option :features: :all"
  end
end
