defmodule Cantilever.Nif.Precompiled.FolderTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.{Checksums, Folder}

  @moduletag :tmp_dir
  @archive "libtiny-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz"
  @library "libtiny-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so"

  defp find(dir, checksums), do: Folder.find(dir, @archive, @library, checksums)

  describe "dir/1" do
    test "is what the environment names, and an absolute path" do
      assert Folder.dir(fn _ -> nil end) == {:ok, nil}
      assert Folder.dir(fn "CANTILEVER_ARTIFACTS" -> "/a" end) == {:ok, "/a"}
      assert {:error, message} = Folder.dir(fn _ -> "a" end)
      assert message =~ "CANTILEVER_ARTIFACTS must be an absolute path"
    end
  end

  describe "find/4" do
    test "finds nothing where nothing is", %{tmp_dir: dir} do
      assert find(dir, %{@archive => Checksums.digest("a")}) == :none
      assert find(Path.join(dir, "nowhere"), %{}) == :none
    end

    test "takes an archive that is what was published", %{tmp_dir: dir} do
      File.write!(Path.join(dir, @archive), "a")
      assert find(dir, %{@archive => Checksums.digest("a")}) == {:ok, {:archive, "a"}}
      assert {:error, message} = find(dir, %{@archive => Checksums.digest("b")})
      assert message =~ Path.join(dir, @archive)
      assert message =~ "is not the file that was published"
    end

    test "takes a library only if the checksum file vouches for it itself", %{tmp_dir: dir} do
      File.write!(Path.join(dir, @library), "a")
      assert find(dir, %{@library => Checksums.digest("a")}) == {:ok, {:library, "a"}}
      assert {:error, message} = find(dir, %{@library => Checksums.digest("b")})
      assert message =~ "is not the file that was published"
      assert {:error, message} = find(dir, %{@archive => Checksums.digest("a")})

      assert message =~
               "vouches for the archive of this library, not for the library itself. Put #{@archive} into"
    end

    test "names a file that cannot be read", %{tmp_dir: dir} do
      File.mkdir!(Path.join(dir, @archive))
      assert {:error, message} = find(dir, %{@archive => Checksums.digest("a")})
      assert message =~ "#{@archive} cannot be read (illegal operation on a directory)"
    end
  end
end
