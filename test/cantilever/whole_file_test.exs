defmodule Cantilever.WholeFileTest do
  use ExUnit.Case, async: true

  alias Cantilever.WholeFile

  @moduletag :tmp_dir

  describe "write/2" do
    test "writes a file, into a folder that it makes", %{tmp_dir: dir} do
      path = Path.join(dir, "new/page.html")
      assert WholeFile.write(path, ["a", ?b]) == :ok
      assert WholeFile.write(path, "other") == :ok
      assert File.read!(path) == "other"
      assert File.ls!(Path.dirname(path)) == ["page.html"]
    end

    test "says what is in the way, and leaves nothing behind", %{tmp_dir: dir} do
      File.write!(Path.join(dir, "file"), "kept")
      path = Path.join(dir, "file/page.html")

      assert WholeFile.write(path, "") ==
               {:error,
                "#{path} cannot be written: a file is where a folder should be; name a file in a folder that is yours to write"}

      assert {:error, message} = WholeFile.write(dir, "")
      assert message =~ "cannot be written"
      assert File.ls!(dir) == ["file"]
      assert File.ls!(Path.dirname(dir)) |> Enum.filter(&String.ends_with?(&1, ".tmp")) == []
      assert File.read!(Path.join(dir, "file")) == "kept"
    end

    test "leaves what is no regular file as it is", %{tmp_dir: dir} do
      path = Path.join(dir, "pipe")
      {"", 0} = System.cmd("mkfifo", [path])

      assert {:error, message} = WholeFile.write(path, "content")
      assert message =~ "#{path} cannot be written: what is there is no regular file; name a file"
      assert %{type: :other} = File.stat!(path)
      assert File.ls!(dir) == ["pipe"]
    end

    test "follows links, also to what is not there yet, and keeps them", %{tmp_dir: dir} do
      File.mkdir_p!(Path.join(dir, "there"))
      File.ln_s!("there/second", Path.join(dir, "first"))
      File.ln_s!("page.html", Path.join(dir, "there/second"))
      File.ln_s!(Path.expand("there/pages/new.html", dir), Path.join(dir, "new"))

      for {link, target} <- [{"first", "there/page.html"}, {"new", "there/pages/new.html"}],
          content <- ["old", "new"] do
        assert WholeFile.write(Path.join(dir, link), content) == :ok
        assert {:ok, _to} = File.read_link(Path.join(dir, link))
        assert File.read!(Path.join(dir, target)) == content
      end

      assert Enum.sort(File.ls!(dir)) == ["first", "new", "there"]
      assert Enum.sort(File.ls!(Path.join(dir, "there"))) == ["page.html", "pages", "second"]
    end

    test "follows no links in a circle", %{tmp_dir: dir} do
      File.ln_s!("b", Path.join(dir, "a"))
      File.ln_s!("a", Path.join(dir, "b"))
      assert {:error, message} = WholeFile.write(Path.join(dir, "a"), "")
      assert message =~ "cannot be written: too many levels of symbolic links"
      assert File.read_link!(Path.join(dir, "a")) == "b"
    end
  end

  describe "check/1" do
    test "touches nothing that is there", %{tmp_dir: dir} do
      path = Path.join(dir, "page.html")
      File.write!(path, "kept")
      assert WholeFile.check(path) == :ok
      assert WholeFile.check(Path.join(dir, "other.html")) == :ok
      assert File.read!(path) == "kept"
      assert File.ls!(dir) == ["page.html"]
    end

    test "makes no folder", %{tmp_dir: dir} do
      assert WholeFile.check(Path.join(dir, "new/folder/page.html")) == :ok
      assert File.ls!(dir) == []
    end

    test "says what is in the way", %{tmp_dir: dir} do
      File.write!(Path.join(dir, "file"), "")
      assert {:error, message} = WholeFile.check(Path.join(dir, "file/page.html"))
      assert message =~ "file/page.html cannot be written: a file is where a folder should be"
      assert {:error, message} = WholeFile.check(dir)
      assert message =~ "cannot be written: illegal operation on a directory"
      assert {:error, message} = WholeFile.check("#{dir}/new/")
      assert message =~ "cannot be written: illegal operation on a directory"
      assert {:error, message} = WholeFile.check("/dev/null")
      assert message =~ "/dev/null cannot be written: what is there is no regular file"
    end
  end
end
