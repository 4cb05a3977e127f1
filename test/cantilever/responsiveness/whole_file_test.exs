defmodule Cantilever.Responsiveness.WholeFileTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.WholeFile

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

    test "says what is in the way", %{tmp_dir: dir} do
      File.write!(Path.join(dir, "file"), "")
      assert {:error, message} = WholeFile.check(Path.join(dir, "file/page.html"))
      assert message =~ "file/page.html cannot be written: a file is where a folder should be"
      assert {:error, message} = WholeFile.check(dir)
      assert message =~ "cannot be written: illegal operation on a directory"
    end
  end
end
