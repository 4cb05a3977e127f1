defmodule MyApp.PictureSize do
  @moduledoc """
  Reads from the first bytes of a picture what it is, and how large.

      iex> MyApp.PictureSize.read(<<0x89, "PNG\\r\\n", 0x1A, "\\n", 13::32, "IHDR", 640::32, 480::32>>)
      {:ok, %{content_type: "image/png", width: 640, height: 480}}
      iex> MyApp.PictureSize.read("GIF89a")
      :error

  That costs nothing, so it comes before the decoder is given anything. Whether the rest is a picture too, only the decoder can tell.
  """

  import Bitwise

  @typedoc "The size is that of the pixels as they are stored: a camera may have been held upright."
  @type t :: %{
          content_type: String.t(),
          width: non_neg_integer(),
          height: non_neg_integer()
        }

  @doc "What a JPEG, PNG or WebP picture says of itself."
  @spec read(binary()) :: {:ok, t()} | :error
  def read(
        <<0x89, "PNG\r\n", 0x1A, "\n", _length::32, "IHDR", width::32, height::32, _::binary>>
      ),
      do: found("image/png", width, height)

  def read(<<0xFF, 0xD8, segments::binary>>), do: jpeg(segments)
  def read(<<"RIFF", _length::32, "WEBP", chunk::binary>>), do: webp(chunk)
  def read(_other), do: :error

  # Any number of 0xFF may fill the space before a segment.
  defp jpeg(<<0xFF, 0xFF, rest::binary>>), do: jpeg(<<0xFF, rest::binary>>)

  defp jpeg(<<0xFF, marker, _length::16, _depth, height::16, width::16, _::binary>>)
       when marker in 0xC0..0xCF and marker not in [0xC4, 0xC8, 0xCC],
       do: found("image/jpeg", width, height)

  defp jpeg(<<0xFF, _marker, length::16, rest::binary>>)
       when length >= 2 and byte_size(rest) >= length - 2,
       do: rest |> binary_part(length - 2, byte_size(rest) - length + 2) |> jpeg()

  defp jpeg(_damaged), do: :error

  defp webp(<<"VP8X", _length::32, _flags::32, width::24-little, height::24-little, _::binary>>),
    do: found("image/webp", width + 1, height + 1)

  defp webp(<<"VP8L", _length::32, 0x2F, sizes::32-little, _::binary>>),
    do: found("image/webp", (sizes &&& 0x3FFF) + 1, (sizes >>> 14 &&& 0x3FFF) + 1)

  defp webp(
         <<"VP8 ", _length::32, _frame::24, 0x9D, 0x01, 0x2A, width::16-little, height::16-little,
           _::binary>>
       ),
       do: found("image/webp", width &&& 0x3FFF, height &&& 0x3FFF)

  defp webp(_damaged), do: :error

  defp found(content_type, width, height),
    do: {:ok, %{content_type: content_type, width: width, height: height}}
end
