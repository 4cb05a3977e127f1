defmodule MyApp.ThumbnailsTest do
  use ExUnit.Case, async: true

  alias MyApp.Thumbnails

  @moduletag :tmp_dir

  setup %{tmp_dir: dir} do
    source = Path.join(dir, "in")
    File.mkdir_p!(Path.join(source, "sub"))

    for name <- ~w(a.png b.png c.png sub/a.png) do
      File.write!(Path.join(source, name), "picture #{name}")
    end

    {:ok, pictures, []} = MyApp.Pictures.list(source)
    %{source: source, out: Path.join(dir, "out"), pictures: pictures}
  end

  describe "make/3" do
    test "writes each thumbnail under its picture's name", context do
      report = make(context, thumbnail: fn picture, side -> {:ok, "#{side} px of #{picture}"} end)

      assert report.failed == []
      assert Enum.map(report.made, & &1.name) == ~w(sub/a.png c.png b.png a.png)
      assert report.bytes == byte_size("picture a.png") * 3 + byte_size("picture sub/a.png")
      assert report.elapsed_us > 0

      for %{name: name, thumbnail: thumbnail} <- report.made do
        assert thumbnail == name <> ".webp"
        assert File.read!(Path.join(context.out, thumbnail)) == "320 px of picture #{name}"
      end
    end

    test "goes on after a picture that is refused, raises, hangs or dies", context do
      thumbnail = fn
        "picture a.png", _side -> {:error, {:malformed, "it is broken"}}
        "picture b.png", _side -> raise ArgumentError, "what is this"
        "picture c.png", _side -> Process.exit(self(), :kill)
        picture, _side -> {:ok, picture}
      end

      ExUnit.CaptureLog.capture_log(fn ->
        report = make(context, thumbnail: thumbnail)

        assert Enum.map(report.made, & &1.name) == ["sub/a.png"]
        assert [c, b, a] = report.failed
        assert a == %{name: "a.png", kind: :malformed, message: "it is broken"}
        assert %{name: "b.png", kind: :raise, message: "what is this"} = b
        assert %{name: "c.png"} = c
      end)
    end

    test "lets no slow picture hold up those after it", context do
      test = self()

      thumbnail = fn
        "picture a.png", _side ->
          send(test, {:slow, self()})
          receive do: (:go -> {:ok, "a"})

        picture, _side ->
          send(test, {:made, picture})
          {:ok, picture}
      end

      task = Task.async(fn -> make(context, thumbnail: thumbnail, max_concurrency: 2) end)
      assert_receive {:slow, worker}
      assert_receive {:made, "picture sub/a.png"}
      send(worker, :go)
      assert length(Task.await(task).made) == 4
    end

    test "tells of a picture that takes too long", context do
      hang = fn _picture, _side -> receive do: (:never -> :ok) end
      pictures = Enum.take(context.pictures, 1)
      report = Thumbnails.make(pictures, context.out, thumbnail: hang, timeout: 20)

      assert report.failed == [
               %{name: "a.png", kind: :timeout, message: "it took longer than 20 ms"}
             ]
    end

    test "tells of files that cannot be read", context do
      File.rm!(Path.join(context.source, "a.png"))
      File.rm!(Path.join(context.source, "b.png"))
      File.mkdir!(Path.join(context.source, "b.png"))

      report = make(context, thumbnail: fn picture, _side -> {:ok, picture} end)

      assert Enum.map(report.made, & &1.name) == ~w(sub/a.png c.png)

      assert Enum.reverse(report.failed) == [
               %{name: "a.png", kind: :unreadable, message: "no such file or directory"},
               %{name: "b.png", kind: :unreadable, message: "this is no file but a directory"}
             ]
    end

    test "tells of thumbnails that a full disk had no room for", context do
      writer = fn path, content ->
        if content == "picture b.png", do: {:error, :enospc}, else: File.write(path, content)
      end

      report = make(context, thumbnail: fn picture, _side -> {:ok, picture} end, writer: writer)

      assert length(report.made) == 3
      assert [%{name: "b.png", kind: :not_written, message: message}] = report.failed
      assert message == "#{Path.join(context.out, "b.png.webp")}: the disk is full"
      refute File.exists?(Path.join(context.out, "b.png.webp"))
      assert context.out |> File.ls!() |> Enum.sort() == ~w(a.png.webp c.png.webp sub)
    end

    test "names an option that it does not know", context do
      assert_raise ArgumentError, ~r/:max_sides/, fn -> make(context, max_sides: 10) end
    end
  end

  defp make(context, options), do: Thumbnails.make(context.pictures, context.out, options)
end
