defmodule Mix.Tasks.Cantilever.ChecksumTest do
  use ExUnit.Case, async: true

  alias Cantilever.{Artifacts, ArtifactServer}
  alias Cantilever.NativeProject
  alias Cantilever.Nif.Precompiled.Checksums

  @targets ~w(x86_64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-apple-darwin x86_64-pc-windows-msvc)

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever checksum #{System.pid()} #{:erlang.phash2(test)}")

    on_exit(fn -> File.rm_rf!(dir) end)

    project =
      Artifacts.project(dir,
        targets: @targets,
        options: ~s(variants: %{"x86_64-unknown-linux-gnu" => [old_glibc: fn -> true end]},)
      )

    names =
      Enum.map(@targets, &Artifacts.name/1) ++
        [Artifacts.name("x86_64-unknown-linux-gnu", "old_glibc")]

    for name <- names do
      glibc = if name =~ "old_glibc", do: "2.4", else: "2.17"
      Artifacts.put(Path.join(dir, "built"), name, Artifacts.archive(name, glibc))
    end

    %{project: project, names: names}
  end

  defp run(project, args) do
    result = NativeProject.mix(project, ["cantilever.checksum", "MyApp.Native" | args])
    refute Artifacts.compiled?(project)
    result
  end

  defp remove(project, name), do: File.rm!(Path.join([project, "built", name]))

  test "writes the digests of all that is declared, and the glibc that each needs", context do
    %{project: project, names: names} = context
    {output, 0} = run(project, ~w(--from-dir built))
    assert output =~ "checksum-Elixir.MyApp.Native.exs vouches for 5 artifacts"

    assert {:ok, checksums} = Checksums.read(MyApp.Native, project)
    [gnu | _] = names
    old = List.last(names)

    assert Map.keys(checksums) == Enum.sort(names ++ ["glibc:" <> gnu, "glibc:" <> old])
    assert Checksums.glibc(checksums, gnu) == {2, 17}
    assert Checksums.glibc(checksums, old) == {2, 4}

    for name <- names do
      bytes = File.read!(Path.join([project, "built", name]))
      assert Checksums.verify(checksums, name, bytes) == :ok
    end
  end

  test "names all that is missing, and writes nothing", %{project: project, names: names} do
    missing = Enum.take(names, 2)
    Enum.each(missing, &remove(project, &1))
    File.write!(Checksums.path(MyApp.Native, project), "%{\n}\n")

    {output, 1} = run(project, ~w(--from-dir built))
    for name <- missing, do: assert(output =~ "mix cantilever.checksum: #{name} is not in built")

    assert output =~
             "no checksum file is written. MyApp.Native declares 5 artifacts of version 0.1.0"

    assert Checksums.read(MyApp.Native, project) == {:ok, %{}}

    {output, 0} = run(project, ~w(--from-dir built --ignore-missing))
    for name <- missing, do: assert(output =~ "left out: #{name} is not in built")
    assert {:ok, checksums} = Checksums.read(MyApp.Native, project)
    assert Enum.filter(names, &is_map_key(checksums, &1)) == names -- missing
  end

  test "refuses archives that do not hold what their names say, even where some may miss",
       context do
    %{project: project, names: [gnu, musl, apple, windows, _old]} = context
    built = Path.join(project, "built")
    Artifacts.put(built, gnu, binary_part(Artifacts.archive(gnu), 0, 100))
    Artifacts.put(built, musl, Artifacts.archive(gnu))
    Artifacts.put(built, apple, "<!DOCTYPE html><html>")

    Artifacts.put(
      built,
      windows,
      Cantilever.Nif.Precompiled.Archive.pack(
        String.replace_suffix(windows, ".tar.gz", ""),
        Artifacts.library(gnu, "2.17")
      )
    )

    {output, 1} = run(project, ~w(--from-dir built --ignore-missing))
    assert output =~ "is damaged: its gzip data is cut off"

    assert output =~
             ~s(has a file "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so" in it instead of)

    assert output =~ "is a web page instead of an archive"
    assert output =~ "is ELF for x86_64, and its name says that it is PE for x86_64"
    refute File.exists?(Checksums.path(MyApp.Native, project))
  end

  test "fetches what the base URL has", %{project: project, names: [gnu | names]} do
    files = Map.new(names, &{&1, File.read!(Path.join([project, "built", &1]))})
    port = ArtifactServer.start(ArtifactServer.files(files))
    url = ["--from-url", "--base-url", "http://127.0.0.1:#{port}/v0.1.0"]
    {output, 1} = run(project, url)
    assert output =~ ~r"mix cantilever.checksum: #{gnu}: .*404"
    refute File.exists?(Checksums.path(MyApp.Native, project))

    {output, 0} = run(project, url ++ ["--ignore-missing"])
    assert output =~ "left out: #{gnu}: "
    assert output =~ "vouches for 4 artifacts"

    {output, 1} = run(project, ["--from-url", "--ignore-missing"])
    assert output =~ "MyApp.Native has no option :base_url that can be read"
    assert length(String.split(output, "has no option :base_url")) == 2
  end

  test "takes flags for what is declared", %{project: project} do
    {output, 0} =
      run(project, ~w(--from-dir built --targets aarch64-apple-darwin,x86_64-pc-windows-msvc))

    assert output =~ "vouches for 2 artifacts"

    {output, 1} = run(project, ~w(--from-dir built --version 0.2.0))
    assert output =~ "libmy_app-v0.2.0-nif-2.15-aarch64-apple-darwin.so.tar.gz is not in built"
  end

  test "says how it is to be called", %{project: project} do
    for {args, problem} <- [
          {[], "say where the artifacts are: --from-dir DIR or --from-url"},
          {~w(--from-dir built --from-url), "exclude each other"},
          {~w(--from-dir nowhere), "there is no folder nowhere"},
          {~w(--form-dir built), "--form-dir"},
          {~w(More --from-dir built), "one module is expected"}
        ] do
      assert {output, 1} = run(project, args)
      assert output =~ "mix cantilever.checksum: "
      assert output =~ problem
    end
  end
end
