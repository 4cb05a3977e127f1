defmodule Cantilever.Nif.Precompiled.ArchiveTest do
  use ExUnit.Case, async: true

  alias Cantilever.Damage
  alias Cantilever.Nif.Precompiled.Archive
  alias Cantilever.Nif.Precompiled.Archive.TarHeader

  @name "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so"
  @max 1_000_000

  defp unpack(archive), do: Archive.unpack(archive, @name, @max)

  # A tar from its entries, closed as every writer does it.
  defp tar(entries, tail \\ <<0::8192>>), do: IO.iodata_to_binary([entries, tail])

  defp entry(name, content, changes \\ []) do
    size = Keyword.get(changes, :size, byte_size(content))
    header = TarHeader.write(name, 0)
    header = put(header, 124, String.pad_leading(Integer.to_string(size, 8), 11, "0"))
    header = put(header, 156, <<Keyword.get(changes, :type, ?0)>>)
    header = put(header, 157, Keyword.get(changes, :link, ""))
    sum = for <<byte <- put(header, 148, "        ")>>, reduce: 0, do: (sum -> sum + byte)
    header = put(header, 148, String.pad_leading(Integer.to_string(sum, 8), 6, "0") <> "\0 ")
    [header, content, TarHeader.padding(byte_size(content))]
  end

  defp put(block, at, bytes) do
    <<before::binary-size(at), _::binary-size(byte_size(bytes)), behind::binary>> = block
    before <> bytes <> behind
  end

  defp system_tar(dir, args) do
    {output, 0} = System.cmd("tar", args, cd: dir, stderr_to_stdout: true)
    output
  end

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever archive #{System.pid()} #{:erlang.phash2(test)}")

    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  describe "pack/2" do
    test "gives what unpack/3 takes, for any size" do
      for size <- [0, 1, 511, 512, 513, 100_000] do
        library = :rand.bytes(size)
        assert unpack(Archive.pack(@name, library)) == {:ok, library}
      end
    end

    test "gives the same bytes every time, with nothing of the machine in them" do
      archive = Archive.pack(@name, "library")
      assert Archive.pack(@name, "library") == archive

      assert <<0x1F, 0x8B, 8, 0, 0::32, 2, 255, _::binary>> = archive

      assert {:ok, [{_name, :regular, 7, _epoch, 0o755, 0, 0}]} =
               :erl_tar.table({:binary, archive}, [:compressed, :verbose])
    end

    test "gives what others unpack", %{dir: dir} do
      library = :rand.bytes(10_000)
      archive = Archive.pack(@name, library)

      assert :erl_tar.extract({:binary, archive}, [:compressed, :memory]) ==
               {:ok, [{String.to_charlist(@name), library}]}

      File.write!(Path.join(dir, "a.tar.gz"), archive)
      assert system_tar(dir, ~w(-xzf a.tar.gz)) == ""
      assert File.read!(Path.join(dir, @name)) == library
      assert Bitwise.band(File.stat!(Path.join(dir, @name)).mode, 0o777) == 0o755
    end

    test "takes a name that is too long for a header", %{dir: dir} do
      name = "lib" <> String.duplicate("x", 117) <> ".so"
      archive = Archive.pack(name, "library")
      assert Archive.unpack(archive, name, @max) == {:ok, "library"}

      assert :erl_tar.extract({:binary, archive}, [:compressed, :memory]) ==
               {:ok, [{String.to_charlist(name), "library"}]}

      File.write!(Path.join(dir, "a.tar.gz"), archive)
      assert system_tar(dir, ~w(-tzf a.tar.gz)) == name <> "\n"
    end
  end

  describe "unpack/3 of what others have packed" do
    for format <- ~w(ustar gnu pax v7) do
      test "takes GNU tar's format #{format}", %{dir: dir} do
        File.write!(Path.join(dir, @name), "library")
        system_tar(dir, ["--format=#{unquote(format)}", "-czf", "a.tar.gz", @name])
        assert unpack(File.read!(Path.join(dir, "a.tar.gz"))) == {:ok, "library"}
        system_tar(dir, ["--format=#{unquote(format)}", "-czf", "a.tar.gz", "./#{@name}"])
        assert unpack(File.read!(Path.join(dir, "a.tar.gz"))) == {:ok, "library"}
      end
    end

    test "takes Erlang's, with short and long names", %{dir: dir} do
      for name <- [@name, "lib" <> String.duplicate("y", 150) <> ".so"] do
        path = Path.join(dir, "b.tar.gz")
        :ok = :erl_tar.create(path, [{String.to_charlist(name), "library"}], [:compressed])
        assert Archive.unpack(File.read!(path), name, @max) == {:ok, "library"}
      end
    end

    test "takes long names in the formats that GNU tar has for them", %{dir: dir} do
      name = "lib" <> String.duplicate("z", 150) <> ".so"
      File.write!(Path.join(dir, name), "library")

      for format <- ~w(gnu pax) do
        system_tar(dir, ["--format=#{format}", "-czf", "a.tar.gz", name])

        assert Archive.unpack(File.read!(Path.join(dir, "a.tar.gz")), name, @max) ==
                 {:ok, "library"}
      end
    end

    test "leaves out the attributes that macOS puts beside a file" do
      archive = :zlib.gzip(tar([entry("._" <> @name, "attributes"), entry(@name, "library")]))
      assert unpack(archive) == {:ok, "library"}
    end
  end

  describe "unpack/3 refuses" do
    for {what, entries, problem} <- [
          {"another file", quote(do: [entry("lib.so", "x")]),
           ~s(has a file "lib.so" in it instead of)},
          {"more files", quote(do: [entry(@name, "x"), entry("more", "y")]),
           ~s(has a file "more")},
          {"the file twice", quote(do: [entry(@name, "x"), entry(@name, "y")]), "in it twice"},
          {"no file", quote(do: []), "has no file libmy_app"},
          {"a path upwards", quote(do: [entry("../" <> @name, "x")]), ~s(has a file "../lib)},
          {"an absolute path", quote(do: [entry("/tmp/" <> @name, "x")]),
           ~s(has a file "/tmp/lib)},
          {"a folder in the path", quote(do: [entry("a/" <> @name, "x")]), ~s(has a file "a/lib)},
          {"a directory", quote(do: [entry("a/", "", type: ?5)]), ~s(has the directory "a/")},
          {"an old directory", quote(do: [entry("a/", "", type: 0)]), ~s(has the directory "a/")},
          {"a symbolic link", quote(do: [entry(@name, "", type: ?2, link: "/etc/passwd")]),
           "has the symbolic link"},
          {"a hard link", quote(do: [entry(@name, "", type: ?1, link: "x")]),
           "has the hard link"},
          {"a device", quote(do: [entry(@name, "", type: ?3)]), "has the device"},
          {"a pipe", quote(do: [entry(@name, "", type: ?6)]), "has the pipe"},
          {"GNU's sparse file", quote(do: [entry(@name, "x", type: ?S)]), "the unknown type 83"},
          {"a sparse file of pax",
           quote(do: [entry("x", "22 GNU.sparse.major=1\n", type: ?x), entry(@name, "x")]),
           "has a sparse file"},
          {"a name that an extended header makes another",
           quote(do: [entry("x", "13 path=../a\n", type: ?x), entry(@name, "x")]),
           ~s(has a file "../a")},
          {"a long name that is another",
           quote(do: [entry("x", "/a\0", type: ?L), entry(@name, "x")]), ~s(has a file "/a")},
          {"an extended header of no sense",
           quote(do: [entry("x", "nonsense", type: ?x), entry(@name, "x")]), "cannot be read"},
          {"a huge extended header",
           quote(do: [entry("x", String.duplicate("9", 70_000), type: ?x), entry(@name, "x")]),
           "has an extended header of 70000 bytes"},
          {"a size below zero",
           quote(do: [entry("x", "11 size=-1\n", type: ?x), entry(@name, "x")]),
           "cannot be read"},
          {"a size beyond the end", quote(do: [entry(@name, "x", size: 100_000)]),
           "is cut off: its tar announces 100000 bytes"}
        ] do
      test "#{what}" do
        assert {:error, message} = unpack(:zlib.gzip(tar(unquote(entries))))
        assert message =~ unquote(problem)
        assert message =~ "The archive of #{@name}"
        assert message =~ "It is not used"
      end
    end

    test "a tar without its end, and data behind it" do
      for tail <- ["", <<0::4096>>, <<0::4000>>, <<0::10_000>>] do
        assert {:error, message} = unpack(:zlib.gzip(tar([entry(@name, "x")], tail)))
        assert message =~ "is cut off: its tar has no end"
      end

      assert {:error, message} =
               unpack(:zlib.gzip(tar([entry(@name, "x")], <<0::8192, 1::4096>>)))

      assert message =~ "has other data after the end of its tar"
    end

    test "data behind the gzip, other gzip data too" do
      archive = Archive.pack(@name, "library")

      for junk <- ["x", "\0", :zlib.gzip(""), archive] do
        assert {:error, message} = unpack(archive <> junk)
        assert message =~ "cut off, changed, or followed by other data"
      end
    end

    test "what is no archive, and says what it is" do
      for {bytes, problem} <- [
            {"", "is empty"},
            {"<!DOCTYPE html>\n<html>", "is a web page instead of an archive"},
            {"\n  <HTML><head>", "is a web page instead of an archive"},
            {"\xEF\xBB\xBF<html>", "is a web page instead of an archive"},
            {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "is a web page"},
            {"Not Found", "is no gzip file"},
            {<<0x7F, "ELF">>, "is no gzip file"},
            {:zlib.gzip("text"), "is cut off: its tar has no end"},
            {:zlib.gzip(:binary.copy("x", 2048)), "has no valid tar in it"},
            {<<0x1F, 0x8B>>, "cut off"}
          ] do
        assert {:error, message} = unpack(bytes)
        assert message =~ problem
      end
    end

    test "more than is wanted, without unpacking it all" do
      library = :binary.copy(<<0>>, @max + 1)
      assert {:error, message} = unpack(Archive.pack(@name, library))
      assert message =~ "has a library of 1000001 bytes in it, and at most 1000000"

      # What comes after the limit is not even looked at: it is no gzip data.
      bomb = :zlib.gzip(:binary.copy(<<0>>, 64 * @max))
      bomb = binary_part(bomb, 0, div(byte_size(bomb), 2)) <> :binary.copy("x", 30_000)
      assert {:error, message} = unpack(bomb)
      assert message =~ "unpacks to more than #{@max + 65_536} bytes"
    end
  end

  describe "unpack/3 of damaged data" do
    test "refuses every truncation" do
      archive = Archive.pack(@name, :rand.bytes(300))
      for damaged <- Damage.truncations(archive), do: assert({:error, _} = unpack(damaged))
    end

    test "gives the library or an error, and writes nothing", %{dir: dir} do
      library = :binary.copy("some machine code ", 100)
      archive = Archive.pack(@name, library)

      for damaged <- Damage.variants(archive, 3_000), damaged != archive do
        case unpack(damaged) do
          {:ok, unpacked} -> assert unpacked == library
          {:error, message} -> assert message =~ "The archive of #{@name}"
        end
      end

      assert File.ls!(dir) == []
    end

    test "gives something or an error also where the gzip around it is whole" do
      long = "lib" <> String.duplicate("x", 117) <> ".so"

      for name <- [@name, long], seed <- 1..2 do
        tar = name |> Archive.pack("library") |> :zlib.gunzip()

        for damaged <- Damage.variants(tar, 2_000, seed) do
          case Archive.unpack(:zlib.gzip(damaged), name, @max) do
            {:ok, unpacked} -> assert byte_size(unpacked) < 1_000
            {:error, message} -> assert String.valid?(message)
          end
        end
      end
    end
  end
end
