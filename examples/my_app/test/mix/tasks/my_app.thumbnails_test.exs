defmodule Mix.Tasks.MyApp.ThumbnailsTest do
  # Mix's shell is one for all.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO

  @moduletag :tmp_dir

  @fixtures Path.expand("../../fixtures", __DIR__)

  # Elsewhere the system itself refuses such names, or the VM takes any byte for a character.
  @no_raw_names :os.type() != {:unix, :linux} or :file.native_name_encoding() != :utf8

  setup %{tmp_dir: dir} do
    Mix.shell(Mix.Shell.Process)
    on_exit(fn -> Mix.shell(Mix.Shell.IO) end)

    source = Path.join(dir, "in")
    File.mkdir!(source)
    %{source: source, out: Path.join(dir, "out")}
  end

  describe "run/1" do
    test "makes the thumbnails and the page, and prints the figures", %{source: source, out: out} do
      File.cp_r!(@fixtures, source)
      run([source, "--out", out, "--max-side", "20", "--max-concurrency", "1"])

      assert out |> File.ls!() |> Enum.sort() ==
               ~w(gradient.jpg.webp gradient.png.webp gradient.webp.webp index.html turned.jpg.webp)

      table = table()
      assert table =~ ~r/files +4 /
      assert table =~ ~r/ok +4 /
      assert table =~ ~r/failed +0 /
      assert table =~ ~r/p99 +\d+\.\d\d ms/
      refute table =~ "failed:"
      assert File.read!(Path.join(out, "index.html")) =~ "./gradient.png.webp"
    end

    test "does the rest of the batch, tells the reasons and fails", %{source: source, out: out} do
      File.cp_r!(@fixtures, source)
      whole = File.read!(Path.join(source, "gradient.jpg"))
      File.write!(Path.join(source, "half.jpg"), binary_part(whole, 0, div(byte_size(whole), 2)))
      File.write!(Path.join(source, "text.png"), "hello")
      File.ln_s!("nowhere", Path.join(source, "gone.webp"))

      assert catch_exit(run([source, "--out", out])) == {:shutdown, 1}

      table = table()
      assert table =~ ~r/files +7 /
      assert table =~ ~r/ok +4 /
      assert table =~ "gone.webp: unreadable: no such file or directory"
      assert table =~ "half.jpg: malformed: the picture cannot be read"
      assert table =~ "text.png: unsupported_format: this is no picture of a known format"
      page = File.read!(Path.join(out, "index.html"))
      assert page =~ "half.jpg"
      assert page =~ "./turned.jpg.webp"
    end

    @tag skip: @no_raw_names
    test "tells of a picture whose name is not UTF-8", %{source: source, out: out} do
      File.cp_r!(@fixtures, source)
      File.touch!(Path.join(source, "caf\xE9.png"))

      assert catch_exit(run([source, "--out", out])) == {:shutdown, 1}
      table = table()
      assert table =~ ~r/ok +4 /
      assert table =~ ~S(caf\xE9.png: unreadable: its name is not UTF-8; rename it)
      assert File.read!(Path.join(out, "index.html")) =~ ~S(caf\xE9.png)
    end

    test "tells of a thumbnail that cannot be put in its place", %{source: source, out: out} do
      File.cp_r!(@fixtures, source)
      File.mkdir_p!(Path.join([out, "gradient.jpg.webp", "in the way"]))

      assert catch_exit(run([source, "--out", out])) == {:shutdown, 1}
      assert table() =~ ~r/gradient\.jpg: not_written: .*gradient\.jpg\.webp: /
    end

    test "tells of a page that cannot be put in its place", %{source: source, out: out} do
      File.cp_r!(@fixtures, source)
      File.mkdir_p!(Path.join([out, "index.html", "in the way"]))

      assert catch_exit(run([source, "--out", out])) == {:shutdown, 1}
      assert_received {:mix_shell, :info, [table]}
      assert table =~ ~r/ok +4 /
      assert_received {:mix_shell, :error, [line]}
      assert line =~ ~r/index\.html could not be written: /
    end

    test "says that a folder is missing, empty or a file", %{source: source, out: out} do
      assert_raise Mix.Error, ~r/holds no picture: no file ending in \.jpg/, fn ->
        run([source, "--out", out])
      end

      missing = Path.join(source, "missing")
      assert_raise Mix.Error, "there is no folder #{missing}", fn -> run([missing]) end

      file = Path.join(source, "file")
      File.touch!(file)
      assert_raise Mix.Error, "#{file} is a file, and a folder is wanted", fn -> run([file]) end
    end

    test "says that there is no place for thumbnails, before any work", %{source: source} do
      File.cp_r!(@fixtures, source)
      blocked = Path.join(source, "gradient.jpg")

      assert_raise Mix.Error, ~r/cannot be written to/, fn ->
        run([source, "--out", Path.join(blocked, "out")])
      end

      assert_raise Mix.Error, ~r/name another folder with --out/, fn ->
        run([source, "--out", source])
      end
    end

    test "leaves the thumbnails of an earlier run out of the batch", %{source: source} do
      File.cp_r!(@fixtures, source)
      args = [source, "--out", Path.join(source, "small")]
      run(args)
      assert table() =~ ~r/files +4 /
      run(args)
      assert table() =~ ~r/files +4 /
    end

    test "names what it cannot take", %{source: source} do
      assert_raise Mix.Error, ~r/unknown option --size/, fn -> run([source, "--size", "3"]) end

      assert_raise Mix.Error, ~r/--max-side cannot be "big"/, fn ->
        run([source, "--max-side", "big"])
      end

      assert_raise Mix.Error, ~r/--max-side is 0/, fn -> run([source, "--max-side", "0"]) end

      assert_raise Mix.Error, ~r/--max-concurrency is 0/, fn ->
        run([source, "--max-concurrency", "0"])
      end

      assert_raise Mix.Error, "--out is empty, but must name a folder", fn ->
        run([source, "--out", ""])
      end

      assert_raise Mix.Error, ~r/one folder is wanted/, fn -> run([]) end
      assert_raise Mix.Error, ~r/one folder is wanted/, fn -> run(["a", "b"]) end
    end
  end

  # Apart from the progress bar.
  defp run(args) do
    capture_io(:stderr, fn ->
      capture_io(fn -> Mix.Tasks.MyApp.Thumbnails.run(args) end)
    end)
  end

  defp table do
    assert_received {:mix_shell, :info, [table]}
    assert_received {:mix_shell, :info, ["  see " <> _page]}
    table
  end
end
