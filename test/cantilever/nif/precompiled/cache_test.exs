defmodule Cantilever.Nif.Precompiled.CacheTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.Cache

  @moduletag :tmp_dir

  defp dir(env), do: Cache.dir(&Map.get(env, &1))

  describe "dir/1" do
    test "prefers the kit's own variable, then rustler_precompiled's" do
      assert dir(%{"CANTILEVER_CACHE" => "/a", "RUSTLER_PRECOMPILED_GLOBAL_CACHE_PATH" => "/b"}) ==
               {:ok, "/a"}

      assert dir(%{"CANTILEVER_CACHE" => "", "RUSTLER_PRECOMPILED_GLOBAL_CACHE_PATH" => "/b"}) ==
               {:ok, "/b"}
    end

    test "is the user's cache otherwise" do
      assert {:ok, dir} = dir(%{})
      assert Path.type(dir) == :absolute
      assert dir =~ ~r{cantilever/precompiled}

      assert dir(%{"MIX_XDG" => "1"}) ==
               {:ok,
                to_string(:filename.basedir(:user_cache, "cantilever/precompiled", %{os: :linux}))}
    end

    test "refuses a relative path" do
      assert {:error, message} = dir(%{"CANTILEVER_CACHE" => "cache"})
      assert message =~ "CANTILEVER_CACHE must be an absolute path, got: cache"
    end
  end

  describe "write/3 and read/2" do
    test "keep bytes under a name, in a folder that need not be there", %{tmp_dir: dir} do
      dir = Path.join(dir, "a/b")
      assert Cache.read(dir, "lib.tar.gz") == :none
      assert Cache.write(dir, "lib.tar.gz", "one") == :ok
      assert Cache.read(dir, "lib.tar.gz") == {:ok, "one"}
      assert Cache.write(dir, "lib.tar.gz", "two") == :ok
      assert Cache.read(dir, "lib.tar.gz") == {:ok, "two"}
      assert File.ls!(dir) == ["lib.tar.gz"]
      assert Cache.remove(dir, "lib.tar.gz") == :ok
      assert Cache.remove(dir, "lib.tar.gz") == :ok
      assert Cache.read(dir, "lib.tar.gz") == :none
    end

    test "never show half of a file to those who read meanwhile", %{tmp_dir: dir} do
      contents = for byte <- ?a..?d, do: :binary.copy(<<byte>>, 500_000)
      :ok = Cache.write(dir, "lib", hd(contents))

      writers =
        for content <- contents,
            do: Task.async(fn -> for _ <- 1..5, do: :ok = Cache.write(dir, "lib", content) end)

      for _ <- 1..50 do
        {:ok, read} = Cache.read(dir, "lib")
        assert read in contents
      end

      Task.await_many(writers)
      assert File.ls!(dir) == ["lib"]
    end

    test "clear what killed builds have left, once it is old", %{tmp_dir: dir} do
      left = Path.join(dir, "lib.tar.gz.0123456789abcdef.tmp")
      foreign = Path.join(dir, "notes.tmp")
      Enum.each([left, foreign], &File.write!(&1, "half"))
      assert Cache.write(dir, "lib", "a") == :ok
      assert File.exists?(left)
      assert Cache.write(dir, "lib", "a", System.os_time(:second) + 2 * 24 * 60 * 60) == :ok
      assert Enum.sort(File.ls!(dir)) == ["lib", "notes.tmp"]
    end

    test "say what is wrong with a folder that cannot be written", %{tmp_dir: dir} do
      file = Path.join(dir, "file")
      File.write!(file, "")
      assert {:error, message} = Cache.write(Path.join(file, "cache"), "lib", "a")
      assert message =~ "lib could not be kept in #{file}/cache (not a directory)"
      assert message =~ "name another in CANTILEVER_CACHE"
    end
  end
end
