defmodule MyApp.PictureMessagesTest do
  use MyApp.PicturesCase, async: true

  alias Cantilever.Chat.Message

  describe "post/5" do
    test "tells the room of a picture, and keeps it with its thumbnail", context do
      for {name, content_type} <- [
            {"gradient.png", "image/png"},
            {"gradient.jpg", "image/jpeg"},
            {"gradient.webp", "image/webp"}
          ] do
        picture = fixture(name)
        assert {:ok, %{id: id, seq: seq}} = post(context, picture, text: "Look")
        assert_receive {:cantilever_chat, "message", %{seq: ^seq, user_id: "ann"} = message}

        assert {:ok, %{content_type: "image/webp", data: thumbnail}} =
                 PictureMessages.fetch(id, :thumbnail, pictures: context.pictures)

        assert Message.payload!(message) == %{
                 "type" => "picture",
                 "id" => id,
                 "content_type" => content_type,
                 "width" => 60,
                 "height" => 40,
                 "bytes" => byte_size(picture),
                 "thumbnail" => %{"width" => 60, "height" => 40, "bytes" => byte_size(thumbnail)},
                 "text" => "Look"
               }

        assert PictureMessages.fetch(id, :picture, pictures: context.pictures) ==
                 {:ok, %{content_type: content_type, data: picture}}
      end
    end

    @tag pictures: [max_side: 30]
    test "has the size of a picture as it is seen", context do
      assert {:ok, _posted} = post(context, fixture("turned.jpg"))
      assert_receive {:cantilever_chat, "message", message}

      assert %{"width" => 40, "height" => 60, "thumbnail" => %{"width" => 20, "height" => 30}} =
               Message.payload!(message)
    end

    @tag pictures: [max_bytes: 10_000, max_pixels: 2_400]
    test "refuses what is too large, damaged or no picture, and posts nothing", context do
      png = fixture("gradient.png")
      half = binary_part(png, 0, div(byte_size(png), 2))

      bomb =
        <<0x89, "PNG\r\n", 0x1A, "\n", 13::32, "IHDR", 1_000_000::32, 1_000_000::32, 8, 2, 0, 0,
          0>>

      assert {:error, {:too_large, message}} = post(context, :binary.copy("x", 10_001))
      assert message == "the picture has 10001 bytes, more than 10000"
      assert {:error, {:too_many_pixels, _message}} = post(context, bomb)
      assert {:error, {:malformed, _message}} = post(context, half)
      assert {:error, {:malformed, _message}} = post(context, <<0xFF, 0xD8, 0xFF>>)
      assert {:error, {:unsupported_format, message}} = post(context, "GIF89a......")
      assert message =~ "JPEG, PNG and WebP"
      assert {:error, {:unsupported_format, _message}} = post(context, "")

      assert stored(context) == 0
      assert {:ok, []} = Chat.history(context.chat, "lobby")
      # Nobody is left inside.
      assert {:ok, _posted} = post(context, png)
    end

    test "removes the picture again where the chat refuses its message", context do
      %{chat: chat, pictures: pictures} = context
      png = fixture("gradient.png")

      assert {:error, {:invalid_room_id, _message}} =
               PictureMessages.post(chat, "", "ann", png, pictures: pictures)

      assert {:error, {:invalid_user_id, _message}} =
               PictureMessages.post(chat, "lobby", :ann, png, pictures: pictures)

      assert {:error, {:invalid_payload, _message}} = post(context, png, text: <<255>>)

      assert {:error, {:payload_too_large, _message}} =
               post(context, png, text: String.duplicate("x", 70_000))

      assert stored(context) == 0
    end

    test "works again when what it needs is back", context do
      for part <- [Database, Gate] do
        context.pictures |> Module.concat(part) |> Process.whereis() |> kill()
        assert :ok = until_posted(context)
      end
    end

    test "names an option that it does not know", context do
      assert_raise ArgumentError, ~r/:texts/, fn -> post(context, "", texts: "") end
    end
  end

  describe "start_link/1" do
    test "names an option that is wrong" do
      assert_raise ArgumentError, ~r/:max_side is an integer from 1 to 1024, got: 0/, fn ->
        PictureMessages.start_link(path: "p", max_side: 0)
      end

      assert_raise KeyError, ~r/:sides/, fn -> PictureMessages.start_link(path: "p", sides: 0) end
      assert_raise KeyError, ~r/:path/, fn -> PictureMessages.start_link([]) end
    end
  end

  describe "fetch/3" do
    test "does not find what is not there", context do
      for id <- ["nobody", "", <<255>>, nil, "' OR 1=1 --"], what <- [:thumbnail, :picture] do
        assert {:error, {:not_found, _message}} =
                 PictureMessages.fetch(id, what, pictures: context.pictures)
      end
    end
  end

  # Who posts in the very moment is told so.
  defp until_posted(context) do
    case post(context, fixture("gradient.png")) do
      {:ok, _posted} -> :ok
      {:error, {:unavailable, _message}} -> until_posted(context)
    end
  end
end
