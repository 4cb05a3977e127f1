defmodule MyApp.PictureSizeTest do
  use ExUnit.Case, async: true

  alias MyApp.PictureSize

  doctest PictureSize

  @fixtures Path.expand("../fixtures", __DIR__)

  describe "read/1" do
    test "reads each format" do
      for {name, content_type} <- [
            {"gradient.jpg", "image/jpeg"},
            {"gradient.png", "image/png"},
            {"gradient.webp", "image/webp"}
          ] do
        picture = File.read!(Path.join(@fixtures, name))

        assert PictureSize.read(picture) ==
                 {:ok, %{content_type: content_type, width: 60, height: 40}}
      end
    end

    test "reads each kind of WebP" do
      extended =
        <<"RIFF", 0::32, "WEBP", "VP8X", 10::32-little, 0::32, 639::24-little, 479::24-little>>

      lossless =
        <<"RIFF", 0::32, "WEBP", "VP8L", 0::32, 0x2F, Bitwise.bsl(479, 14) + 639::32-little>>

      lossy =
        <<"RIFF", 0::32, "WEBP", "VP8 ", 0::32, 0::24, 0x9D, 0x01, 0x2A, 640::16-little,
          480::16-little>>

      for webp <- [extended, lossless, lossy] do
        assert {:ok, %{width: 640, height: 480}} = PictureSize.read(webp)
      end
    end

    test "passes over what comes before the size of a JPEG" do
      jpeg =
        <<0xFF, 0xD8, 0xFF, 0xE0, 4::16, 1, 2, 0xFF, 0xFF, 0xC4, 2::16, 0xFF, 0xC2, 17::16, 8,
          480::16, 640::16, 3>>

      assert {:ok, %{width: 640, height: 480}} = PictureSize.read(jpeg)
    end

    test "is an error or a size for any part of a picture, and for any other bytes" do
      :rand.seed(:exsss, 1)

      for name <- ~w(gradient.jpg gradient.png gradient.webp turned.jpg),
          picture = File.read!(Path.join(@fixtures, name)),
          length <- 0..min(byte_size(picture), 1_000) do
        assert PictureSize.read(binary_part(picture, 0, length)) in [
                 :error,
                 PictureSize.read(picture)
               ]
      end

      for prefix <- ["", <<0xFF, 0xD8>>, "RIFF0000WEBPVP8L"], size <- 0..300 do
        assert elem({PictureSize.read(prefix <> :rand.bytes(size))}, 0)
      end
    end
  end
end
