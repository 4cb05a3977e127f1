defmodule MyApp.FileOutputTest do
  use ExUnit.Case, async: true

  @moduletag :tmp_dir

  doctest MyApp.FileOutput

  describe "write/3" do
    test "makes the folders on the way", %{tmp_dir: dir} do
      path = Path.join([dir, "a", "b", "file"])
      assert MyApp.FileOutput.write(path, ["con", "tent"]) == :ok
      assert File.read!(path) == "content"
      assert File.ls!(Path.dirname(path)) == ["file"]
    end

    test "keeps the older file and leaves nothing behind when the disk fills up", %{tmp_dir: dir} do
      path = Path.join(dir, "file")
      File.write!(path, "older")

      half = fn temporary, content ->
        File.write!(temporary, binary_part(content, 0, 3))
        {:error, :enospc}
      end

      assert MyApp.FileOutput.write(path, "newer", half) == {:error, :enospc}
      assert File.read!(path) == "older"
      assert File.ls!(dir) == ["file"]
    end

    test "tells why a folder cannot be made", %{tmp_dir: dir} do
      File.write!(Path.join(dir, "file"), "")
      path = Path.join([dir, "file", "below"])
      assert {:error, reason} = MyApp.FileOutput.write(path, "content")
      assert reason in [:enotdir, :eexist]
    end

    test "removes what it wrote when it cannot be moved into place", %{tmp_dir: dir} do
      path = Path.join(dir, "folder")
      File.mkdir!(path)
      assert {:error, _reason} = MyApp.FileOutput.write(path, "content")
      assert File.ls!(dir) == ["folder"]
    end
  end

  describe "explain/1" do
    test "says it in words" do
      assert MyApp.FileOutput.explain(:enospc) == "the disk is full"
      assert MyApp.FileOutput.explain(:eacces) == "permission denied"
      assert MyApp.FileOutput.explain(:no_such_code) =~ "unknown"
    end
  end
end
