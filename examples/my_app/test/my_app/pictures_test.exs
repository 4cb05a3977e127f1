defmodule MyApp.PicturesTest do
  use ExUnit.Case, async: true

  @moduletag :tmp_dir

  doctest MyApp.Pictures

  # Root may read whatever its owner may not.
  @may_read_all (
                  path =
                    Path.join(System.tmp_dir!(), "my_app-#{System.unique_integer([:positive])}")

                  File.mkdir!(path)
                  File.chmod!(path, 0o000)
                  listed = File.ls(path)
                  File.rmdir!(path)
                  match?({:ok, _entries}, listed)
                )

  # Elsewhere the system itself refuses such names, or the VM takes any byte for a character.
  @no_raw_names :os.type() != {:unix, :linux} or :file.native_name_encoding() != :utf8

  describe "list/2" do
    test "finds the pictures of all folders, sorted by name", %{tmp_dir: dir} do
      touch(dir, ~w(b.png A.JPG notes.txt png sub/c.webp sub/deep/d.jpeg))

      assert {:ok, pictures, []} = MyApp.Pictures.list(dir)
      assert Enum.map(pictures, & &1.name) == ~w(A.JPG b.png sub/c.webp sub/deep/d.jpeg)
      assert Enum.all?(pictures, &(&1.path == Path.join(dir, &1.name)))
    end

    test "takes brackets, braces and line breaks in names as they are", %{tmp_dir: dir} do
      names = ["[1] {a,b}*?.png", "two\nlines.png"]
      touch(Path.join(dir, "{odd} [folder]"), names)

      assert {:ok, pictures, []} = MyApp.Pictures.list(Path.join(dir, "{odd} [folder]"))
      assert Enum.map(pictures, & &1.name) == names
    end

    test "leaves the excepted folder out", %{tmp_dir: dir} do
      touch(dir, ~w(a.png out/a.png.webp))

      assert {:ok, [%{name: "a.png"}], []} =
               MyApp.Pictures.list(dir, except: Path.join(dir, "./out"))
    end

    test "follows no link to a folder, so a loop does no harm", %{tmp_dir: dir} do
      touch(dir, ~w(a.png))
      File.ln_s!(dir, Path.join(dir, "loop"))

      assert {:ok, [%{name: "a.png"}], []} = MyApp.Pictures.list(dir)
    end

    test "lists a link to a file that is gone, whose reading will tell", %{tmp_dir: dir} do
      File.ln_s!(Path.join(dir, "gone"), Path.join(dir, "link.png"))
      assert {:ok, [%{name: "link.png"}], []} = MyApp.Pictures.list(dir)
    end

    test "finds nothing in an empty folder", %{tmp_dir: dir} do
      assert MyApp.Pictures.list(dir) == {:ok, [], []}
    end

    @tag skip: @may_read_all
    test "tells of a folder below that it may not read, and of the others' pictures", context do
      dir = context.tmp_dir
      touch(dir, ~w(a.png locked/b.png open/c.png))
      locked = Path.join(dir, "locked")
      File.chmod!(locked, 0o000)
      on_exit(fn -> File.chmod!(locked, 0o700) end)

      assert {:ok, pictures, unreadable} = MyApp.Pictures.list(dir)
      assert Enum.map(pictures, & &1.name) == ~w(a.png open/c.png)
      assert unreadable == [%{name: "locked", reason: :eacces}]
      assert MyApp.Pictures.list(locked) == {:error, :eacces}
    end

    @tag skip: @no_raw_names
    test "tells of pictures and folders whose names are not UTF-8, and of no other files",
         context do
      dir = context.tmp_dir
      touch(dir, ["a.png", "caf\xE9.png", "caf\xE9.txt", "pi\xF1a/b.png", "é/pi\xF1a.JPG"])

      assert {:ok, [%{name: "a.png"}], unreadable} = MyApp.Pictures.list(dir)

      assert unreadable == [
               %{name: ~S(caf\xE9.png), reason: :not_utf8},
               %{name: ~S(pi\xF1a), reason: :not_utf8},
               %{name: ~S(é/pi\xF1a.JPG), reason: :not_utf8}
             ]
    end

    test "tells why a folder cannot be listed", %{tmp_dir: dir} do
      touch(dir, ~w(file))
      assert MyApp.Pictures.list(Path.join(dir, "missing")) == {:error, :enoent}
      assert MyApp.Pictures.list(Path.join(dir, "file")) == {:error, :enotdir}
    end
  end

  defp touch(dir, names) do
    for name <- names do
      path = Path.join(dir, name)
      File.mkdir_p!(Path.dirname(path))
      File.touch!(path)
    end
  end
end
