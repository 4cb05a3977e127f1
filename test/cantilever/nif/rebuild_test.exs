defmodule Cantilever.Nif.RebuildTest do
  use ExUnit.Case, async: true

  alias Cantilever.NativeProject

  # What each change builds again: {cargo starts, what the function answers then}.
  # The answer is one (a path dependency) + ten (an included file) + a thousand (a feature).

  setup_all do
    dir = Path.join(System.tmp_dir!(), "cantilever rebuild #{System.pid()}")
    on_exit(fn -> File.rm_rf!(dir) end)
    base = NativeProject.create(Path.join(dir, "base"))
    {output, 0} = NativeProject.eval(base, "IO.puts(Tiny.answer())")
    assert output =~ "\n11\n"
    assert [_once] = NativeProject.cargo_starts(base)
    NativeProject.age(base)
    %{dir: dir, base: base}
  end

  setup %{dir: dir, base: base, test: test} do
    # A copy lies elsewhere, as a restored cache may.
    %{project: NativeProject.copy(base, Path.join(dir, "copy #{:erlang.phash2(test)}"))}
  end

  @changes [
    {"nothing", [], {0, 11}},
    {"touching a source", [touch: "native/tiny/src/lib.rs"], {0, 11}},
    {"editing a source", [edit: {"native/tiny/src/lib.rs", "shared::one()", "2 * shared::one()"}],
     {1, 12}},
    {"editing a source of a path dependency",
     [edit: {"native/shared/src/lib.rs", "{ 1 }", "{ 7 }"}], {1, 17}},
    {"editing an included file", [edit: {"native/tiny/src/ten.txt", "10", "20"}], {1, 21}},
    {"editing the manifest",
     [edit: {"native/tiny/Cargo.toml", "[features]", "[features]\ndefault = [\"thousand\"]"}],
     {1, 1011}},
    {"editing the manifest of a path dependency",
     [edit: {"native/shared/Cargo.toml", "0.1.0", "0.1.1"}], {1, 11}},
    {"editing the lock file",
     [edit: {"native/tiny/Cargo.lock", "version = 4", "version = 4 # pinned"}], {1, 11}},
    {"settings of cargo that appear",
     [write: {"native/tiny/.cargo/config.toml", "[profile.release]\nopt-level = 1\n"}], {1, 11}},
    {"editing the Elixir module",
     [edit: {"lib/tiny.ex", "def answer", "@doc false\n  def answer"}], {0, 11}},
    {"features in the configuration",
     [
       write:
         {"config/config.exs", "import Config\nconfig :my_app, Tiny, features: [\"thousand\"]\n"}
     ], {1, 1011}},
    {"another mode in the configuration",
     [write: {"config/config.exs", "import Config\nconfig :my_app, Tiny, mode: :debug\n"}],
     {1, 11}},
    {"another MIX_ENV", [env: {"MIX_ENV", "prod"}], {1, 11}},
    {"another MIX_TARGET", [env: {"MIX_TARGET", "board"}], {1, 11}},
    {"deleting the library", [delete: "_build/dev/lib/my_app/ebin/*.so"], {1, 11}},
    {"another library in the place of the library", [empty: "_build/dev/lib/my_app/ebin/*.so"],
     {1, 11}},
    {"deleting cargo's target directory", [delete: "_build/dev/cantilever/release/*.so"],
     {0, 11}},
    {"a checkout with new times around an old _build",
     [touch: "mix.exs", touch: "lib/**", touch: "native/**"], {0, 11}}
  ]

  describe "a second compilation" do
    for {title, change, expected} <- @changes do
      @change change
      @expected expected
      test "after #{title} starts cargo #{elem(expected, 0)} times", %{project: project} do
        env = Enum.flat_map(@change, &apply_change(project, &1))
        {output, status} = NativeProject.eval(project, "IO.puts(Tiny.answer())", env)
        assert status == 0, output

        answer = output |> String.split("\n", trim: true) |> List.last() |> String.to_integer()
        assert {length(NativeProject.cargo_starts(project)), answer} == @expected, output
      end
    end

    test "compiles nothing at all when nothing changed", %{project: project} do
      assert {"", 0} = NativeProject.mix(project, ["compile"])
      assert NativeProject.cargo_starts(project) == []
    end

    test "for the host's own target triple builds apart from the host's build", %{
      project: project
    } do
      {version, 0} = System.cmd("rustc", ["-vV"])
      [_, triple] = Regex.run(~r/host: (\S+)/, version)

      NativeProject.write(
        project,
        "config/config.exs",
        "import Config\nconfig :my_app, Tiny, target: #{inspect(triple)}\n"
      )

      assert {output, 0} = NativeProject.eval(project, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
      assert [start] = NativeProject.cargo_starts(project)
      assert start =~ "--target #{triple}"
      assert File.dir?(Path.join(project, "_build/dev/cantilever/#{triple}/release"))
    end

    test "leaves the library of another environment alone and removes its own old one", %{
      project: project
    } do
      [old] = NativeProject.libraries(project)
      {_output, 0} = NativeProject.mix(project, ["compile"], [{"MIX_ENV", "prod"}])
      assert [^old, prod] = NativeProject.libraries(project)
      assert prod =~ "/_build/prod/"

      NativeProject.replace(project, "native/tiny/src/ten.txt", "10", "30")
      {_output, 0} = NativeProject.mix(project, ["compile"])
      assert [new, ^prod] = NativeProject.libraries(project)
      assert new != old
    end

    test "after a build that another change undid answers as before", %{project: project} do
      NativeProject.replace(project, "native/tiny/src/ten.txt", "10", "30")
      {_output, 0} = NativeProject.mix(project, ["compile"])
      NativeProject.age(project)
      NativeProject.replace(project, "native/tiny/src/ten.txt", "30", "10")
      assert {output, 0} = NativeProject.eval(project, "IO.puts(Tiny.answer())")
      assert output =~ ~r/^11$/m
    end
  end

  defp apply_change(project, {:touch, pattern}) do
    for path <- Path.wildcard(Path.join(project, pattern)),
        File.regular?(path),
        do: File.touch!(path)

    []
  end

  defp apply_change(project, {:edit, {path, from, to}}) do
    NativeProject.replace(project, path, from, to)
    []
  end

  defp apply_change(project, {:write, {path, content}}) do
    NativeProject.write(project, path, content)
    []
  end

  defp apply_change(project, {:delete, pattern}) do
    paths = Path.wildcard(Path.join(project, pattern))
    assert paths != []
    Enum.each(paths, &File.rm!/1)
    []
  end

  defp apply_change(project, {:empty, pattern}) do
    paths = Path.wildcard(Path.join(project, pattern))
    assert paths != []
    Enum.each(paths, &File.write!(&1, ""))
    []
  end

  defp apply_change(_project, {:env, pair}), do: [pair]
end
