defmodule Mix.Tasks.Cantilever.VerifyTest do
  use ExUnit.Case, async: true

  alias Cantilever.{Artifacts, ArtifactServer}
  alias Cantilever.NativeProject
  alias Cantilever.Nif.Precompiled.Checksums

  @targets ~w(x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin)

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever verify #{System.pid()} #{:erlang.phash2(test)}")

    on_exit(fn -> File.rm_rf!(dir) end)
    project = Artifacts.project(dir, targets: @targets)
    names = Enum.map(@targets, &Artifacts.name/1)
    for name <- names, do: Artifacts.put(Path.join(dir, "built"), name, Artifacts.archive(name))

    {_output, 0} =
      NativeProject.mix(project, ~w(cantilever.checksum MyApp.Native --from-dir built))

    %{project: project, built: Path.join(dir, "built"), names: names}
  end

  defp run(project, args \\ ~w(--from-dir built)) do
    result = NativeProject.mix(project, ["cantilever.verify", "MyApp.Native" | args])
    refute Artifacts.compiled?(project)
    result
  end

  defp change(project, fun) do
    {:ok, checksums} = Checksums.read(MyApp.Native, project)
    Checksums.write!(fun.(checksums), MyApp.Native, project)
  end

  test "is content when all is there and matches", %{project: project} do
    {output, 0} = run(project)
    assert output =~ "3 declared, all of them there and as checksum-Elixir.MyApp.Native.exs says"
  end

  test "has a line for each fault", %{project: project, built: built, names: [one, two, three]} do
    Artifacts.put(built, one, Artifacts.archive(one, "2.18"))
    File.rm!(Path.join(built, two))
    change(project, &Map.delete(&1, three))

    {output, 1} = run(project)
    lines = for "mix cantilever.verify: " <> line <- String.split(output, "\n"), do: line
    assert [first, second, third] = lines
    assert first =~ "#{one} is not the file that was published"
    assert second =~ "#{two} is not in built"
    assert third =~ "#{three} is declared, but the checksum file has no entry for it"
  end

  test "looks into archives that match", %{project: project, built: built, names: [one, two, _]} do
    Artifacts.put(built, one, "no archive")
    change(project, &Map.put(&1, one, Checksums.digest("no archive")))
    change(project, &Map.put(&1, "glibc:" <> two, "2.5"))

    {output, 1} = run(project)
    assert output =~ "is no gzip file"
    assert output =~ "#{two} needs glibc 2.17, but the checksum file says 2.5"
  end

  test "takes a file without glibc's versions, such as rustler_precompiled's", context do
    %{project: project, names: names} = context
    change(context.project, &Map.take(&1, names))
    assert {_output, 0} = run(project)
  end

  test "fetches what the base URL has", %{
    project: project,
    built: built,
    names: [one, two, three]
  } do
    files = Map.new([one, two, three], &{&1, File.read!(Path.join(built, &1))})
    port = ArtifactServer.start(ArtifactServer.files(files))
    url = ["--base-url", "http://127.0.0.1:#{port}/v0.1.0"]
    {output, 0} = run(project, url)
    assert output =~ "Fetching http://127.0.0.1:#{port}/v0.1.0/#{one}"
    assert output =~ "3 declared, all of them there"

    port = ArtifactServer.start(ArtifactServer.files(%{one => "other", two => files[two]}))
    {output, 1} = run(project, ["--base-url", "http://127.0.0.1:#{port}"])
    assert output =~ "mix cantilever.verify: #{one} is not the file that was published"
    assert output =~ ~r"mix cantilever.verify: #{three}: .*404"
    refute output =~ "mix cantilever.verify: #{two}"
  end

  test "asks each mirror for all, and names those that lack something", context do
    %{project: project, built: built, names: [one, two, three]} = context
    files = Map.new([one, two, three], &{&1, File.read!(Path.join(built, &1))})

    [whole, also_whole, partial] =
      for files <- [files, files, Map.delete(%{files | two => "other"}, three)] do
        "http://127.0.0.1:#{ArtifactServer.start(ArtifactServer.files(files))}"
      end

    {output, 0} = run(project, ["--base-url", whole, "--base-url", also_whole])

    assert output =~
             "3 declared, all of them at mirror 1 (#{whole}) and at mirror 2 (#{also_whole}) and as checksum-"

    signed = String.replace(partial, "//", "//me:s3cret@") <> "?sig=s3cret"
    {output, 1} = run(project, ["--base-url", whole, "--base-url", signed])
    assert output =~ "verify: mirror 2 (#{partial}): #{two} is not the file that was published"
    assert output =~ ~r"verify: mirror 2 \(\S+\): #{three}: .*404"
    refute output =~ "mirror 1"
    refute output =~ "s3cret"
  end

  test "names mirrors that cannot be asked, or by nobody", context do
    %{project: project, built: built, names: names} = context
    files = Map.new(names, &{&1, File.read!(Path.join(built, &1))})
    url = "http://127.0.0.1:#{ArtifactServer.start(ArtifactServer.files(files))}"
    declare = &Artifacts.project(project, targets: @targets, options: "base_url: #{&1},")

    declare.(~s([{MyApp.Urls, :signed}, "#{url}"]))
    {output, 0} = run(project, [])

    assert output =~
             "not checked: mirror 1 is the function MyApp.Urls.signed/1, which is not called"

    assert output =~ "3 declared, all of them at mirror 2 (#{url}) and as"

    declare.(~s(["#{url}", {"https://a.example", [{"authorization", nil}]}]))
    {output, 1} = run(project, [])
    assert output =~ ~s(verify: mirror 2 is wrong: the value of its header "authorization" is nil)

    {output, 1} = run(project, ["--base-url", "a.example"])
    assert output =~ "verify: MyApp.Native: the option :base_url is wrong: its URL is none that"

    declare.(~s({MyApp.Urls, :signed}))
    {output, 1} = run(project, [])
    assert output =~ "MyApp.Native has no option :base_url that can be read"
  end

  test "stops what an alias puts behind it", %{project: project, built: built, names: [one | _]} do
    NativeProject.replace(project, "mix.exs", ~s(version: "0.1.0"), """
    version: "0.1.0", aliases: ["hex.publish": ["cantilever.verify MyApp.Native --from-dir built", "hex.publish"]]
    """)

    # Hex need not be there.
    NativeProject.replace(project, "mix.exs", "defmodule MyApp.MixProject do", """
    defmodule Mix.Tasks.Hex.Publish do
      use Mix.Task
      def run(args), do: IO.puts("published \#{inspect(args)}")
    end

    defmodule MyApp.MixProject do
    """)

    {output, 0} = NativeProject.mix(project, ["hex.publish", "--yes"])
    assert output =~ ~r/3 declared, all of them there.*published \["--yes"\]/s

    File.rm!(Path.join(built, one))
    {output, 1} = NativeProject.mix(project, ["hex.publish", "--yes"])
    assert output =~ "#{one} is not in built"
    refute output =~ "published"
    refute Artifacts.compiled?(project)
  end

  test "says what is wrong with the file or the declaration", %{project: project} do
    {output, 1} = run(project, [])
    assert output =~ "MyApp.Native has no option :base_url that can be read"
    assert output =~ "Pass --base-url URL"

    File.rm!(Checksums.path(MyApp.Native, project))
    {output, 1} = run(project)
    assert output =~ "mix cantilever.verify: There is no checksum file"
    assert output =~ "mix cantilever.checksum MyApp.Native"
  end
end
