defmodule Cantilever.AtomicFileTest do
  use ExUnit.Case, async: true

  import Bitwise

  alias Cantilever.AtomicFile

  @moduletag :tmp_dir

  describe "write/3" do
    test "writes, and replaces, in a folder that is there", %{tmp_dir: dir} do
      path = Path.join(dir, "a")
      assert AtomicFile.write(path, ["o", "ne"]) == :ok
      assert AtomicFile.write(path, "two", sync: true) == :ok
      assert File.read!(path) == "two"
      assert File.ls!(dir) == ["a"]
      assert AtomicFile.write(Path.join(dir, "none/a"), "") == {:error, :enoent}
    end

    test "gives a new file to the name, and leaves the old one to those who have it", context do
      path = Path.join(context.tmp_dir, "a")
      :ok = AtomicFile.write(path, "one")
      {:ok, old} = File.open(path)
      :ok = AtomicFile.write(path, "two")
      assert IO.read(old, :all) == "one"
    end

    test "sets mode and time", %{tmp_dir: dir} do
      path = Path.join(dir, "a")
      time = {{2000, 1, 1}, {0, 0, 0}}
      assert AtomicFile.write(path, "", mode: 0o750, mtime: time) == :ok
      assert %{mode: mode, mtime: ^time} = File.stat!(path)
      assert band(mode, 0o777) == 0o750
    end

    test "leaves nothing where it fails, and an older file as it was", %{tmp_dir: dir} do
      path = Path.join(dir, "folder")
      File.mkdir_p!(Path.join(path, "in it"))
      assert {:error, reason} = AtomicFile.write(path, "one")
      assert reason in [:eisdir, :eexist, :enotempty]
      assert File.ls!(dir) == ["folder"]
    end
  end

  describe "write!/3" do
    test "names the file that it cannot write", %{tmp_dir: dir} do
      file = Path.join(dir, "file")
      assert AtomicFile.write!(file, "") == :ok

      assert_raise File.Error, ~r"could not write to file \".*/file/a\": not a directory", fn ->
        AtomicFile.write!(Path.join(file, "a"), "")
      end
    end
  end

  describe "write_with/2" do
    test "writes what it is given bit by bit, if all goes well", %{tmp_dir: dir} do
      path = Path.join(dir, "a")

      assert AtomicFile.write_with(path, fn write ->
               :ok = write.("o")
               :ok = write.(["n", ?e])
               {:ok, :done}
             end) == {:ok, :done}

      assert AtomicFile.write_with(path, fn write -> {:error, write.("two")} end) == {:error, :ok}

      assert_raise RuntimeError, fn ->
        AtomicFile.write_with(path, fn write -> raise inspect(write.("two")) end)
      end

      assert File.read!(path) == "one"
      assert File.ls!(dir) == ["a"]

      assert AtomicFile.write_with(Path.join(dir, "none/a"), fn _ -> {:ok, 1} end) ==
               {:error, :enoent}
    end
  end

  describe "leftovers/3" do
    test "are of the names that are asked for, once they are old", %{tmp_dir: dir} do
      [left | _] =
        paths =
        for name <- ~w(a.0123456789abcdef.tmp b.0123456789abcdef.tmp a.tmp a),
            do: Path.join(dir, name)

      Enum.each(paths, &File.touch!(&1, {{2000, 1, 1}, {0, 0, 0}}))
      now = System.os_time(:second)
      assert AtomicFile.leftovers(dir, &(&1 == "a"), now) == []
      assert AtomicFile.leftovers(dir, &(&1 == "a"), now + 100_000) == [left]
      assert AtomicFile.leftovers(Path.join(dir, "none"), &(&1 == "a")) == []
    end
  end
end
