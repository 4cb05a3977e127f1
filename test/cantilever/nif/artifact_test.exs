defmodule Cantilever.Nif.ArtifactTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Artifact

  describe "name/3" do
    test "carries the content and fits the system" do
      assert Artifact.name("my-crate", "content", ".so") == "libmy_crate-ed7002b439e9ac84.so"
      assert Artifact.name("my_crate", "content", ".dylib") == "libmy_crate-ed7002b439e9ac84.so"
      assert Artifact.name("my_crate", "content", ".dll") == "libmy_crate-ed7002b439e9ac84.dll"

      assert Artifact.name("my_crate", "other", ".so") !=
               Artifact.name("my_crate", "content", ".so")
    end
  end

  describe "unused/3" do
    test "lists the crate's own libraries that are not used" do
      dir = Path.join(System.tmp_dir!(), "cantilever artifact #{System.pid()}")
      on_exit(fn -> File.rm_rf!(dir) end)
      File.mkdir_p!(dir)

      [new, other, old | rest] =
        names = ~w(libx-0000000000000001.so libx-0000000000000002.so libx-0000000000000003.so
           libx_y-0000000000000003.so libx-short.so Elixir.X.beam)

      Enum.each(names, &File.write!(Path.join(dir, &1), ""))
      unused = Artifact.unused([Path.join(dir, new), "ebin/#{other}"], dir, "x")
      assert unused == [Path.join(dir, old)]
      assert Artifact.remove(["/no/such/library.so" | unused]) == :ok
      assert Enum.sort(File.ls!(dir)) == Enum.sort([new, other | rest])
    end

    @tag :tmp_dir
    test "clears what killed builds have left, once it is old", %{tmp_dir: dir} do
      left = Path.join(dir, "libmy_crate-0000000000000001.so.0123456789abcdef.tmp")
      other = Path.join(dir, "libother-0000000000000001.so.0123456789abcdef.tmp")
      Enum.each([left, other], &File.touch!/1)
      File.touch!(left, {{2000, 1, 1}, {0, 0, 0}})
      now = System.os_time(:second)
      assert Artifact.unused([], dir, "my-crate", now) == []
      assert Artifact.unused([], dir, "my-crate", now + 2 * 24 * 60 * 60) == [left]
    end
  end
end
