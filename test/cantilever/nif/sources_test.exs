defmodule Cantilever.Nif.SourcesTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Sources

  describe "parse_dep_info/1" do
    test "unescapes spaces and merges targets" do
      text = """
      /t\\ d/release/libtiny.so: /a/src/lib.rs /a\\ b/c: d.rs
      /t\\ d/release/libtiny.rlib: /a/src/lib.rs

      """

      assert Sources.parse_dep_info(text) == ["/a/src/lib.rs", "/a b/c:", "d.rs"]
    end

    test "keeps the drive and the separators of Windows" do
      assert Sources.parse_dep_info("C:\\t\\tiny.dll: C:\\a\\lib.rs C:\\a\\b.rs\r\n") ==
               ["C:\\a\\lib.rs", "C:\\a\\b.rs"]
    end

    test "finds nothing in a target without sources" do
      assert Sources.parse_dep_info("/t/libtiny.so:\n") == []
    end
  end

  describe "list/3" do
    setup %{test: test} do
      dir =
        Path.join(
          System.tmp_dir!(),
          "cantilever sources {#{System.pid()}} #{:erlang.phash2(test)}"
        )

      on_exit(fn -> File.rm_rf!(dir) end)
      %{dir: dir}
    end

    defp write(dir, files) do
      for {path, text} <- files do
        file = Path.join(dir, path)
        File.mkdir_p!(Path.dirname(file))
        File.write!(file, text)
      end
    end

    defp list(dir, crate) do
      for path <-
            Sources.list(
              Path.join(dir, "target/release/libx.so"),
              Path.join(dir, crate),
              Path.join(dir, "home")
            ),
          do: Path.relative_to(path, dir)
    end

    defp dep_info(dir, sources) do
      sources = Enum.map_join(sources, " ", &String.replace(Path.join(dir, &1), " ", "\\ "))
      write(dir, [{"target/release/libx.d", "/t/libx.so: #{sources}\n"}])
    end

    test "adds manifests, lock and settings, and leaves out what cargo fetched or generated", %{
      dir: dir
    } do
      write(dir, [
        {"Cargo.toml", "[workspace]\nmembers = []"},
        {"Cargo.lock", ""},
        {"rust-toolchain.toml", ""},
        {".cargo/config.toml", ""},
        {"native/Cargo.toml", "[package]"},
        {"native/src/lib.rs", ""},
        {"path dep/Cargo.toml", "[package]"},
        {"path dep/src/lib.rs", ""},
        {"unrelated/Cargo.toml", "[package]"}
      ])

      dep_info(dir, [
        "native/src/lib.rs",
        "path dep/src/lib.rs",
        "home/registry/src/index/serde/lib.rs",
        "target/release/build/x/out/generated.rs"
      ])

      assert list(dir, "native") ==
               Enum.sort([
                 ".cargo/config.toml",
                 "Cargo.lock",
                 "Cargo.toml",
                 "native/.cargo/config.toml",
                 "native/Cargo.lock",
                 "native/Cargo.toml",
                 "native/rust-toolchain.toml",
                 "native/src/lib.rs",
                 "path dep/Cargo.toml",
                 "path dep/src/lib.rs",
                 "rust-toolchain.toml"
               ])
    end

    test "takes the whole package of a build script, and a directory that one names", %{dir: dir} do
      write(dir, [
        {"native/Cargo.toml", "[package]"},
        {"native/build.rs", ""},
        {"native/src/lib.rs", ""},
        {"native/proto/a.proto", ""},
        {"native/target/debug/junk", ""},
        {"assets/one.txt", ""}
      ])

      dep_info(dir, ["native/src/lib.rs", "assets"])
      listed = list(dir, "native")
      assert "native/proto/a.proto" in listed
      assert "native/build.rs" in listed
      assert "assets/one.txt" in listed
      refute "assets" in listed
      refute "native/target/debug/junk" in listed
    end

    test "stops at the crate's directory when there is no workspace", %{dir: dir} do
      write(dir, [
        {"Cargo.toml", "[package]"},
        {"native/Cargo.toml", "[package]"},
        {"native/src/lib.rs", ""}
      ])

      dep_info(dir, ["native/src/lib.rs"])
      refute "Cargo.toml" in list(dir, "native")
    end
  end
end
