defmodule MyApp.PictureMessages.Limits do
  @moduledoc false
  # How large pictures may be, how many are made at once, and what makes their thumbnails.

  @megabyte 1_000_000

  @enforce_keys [:at_once]
  defstruct [
    :at_once,
    max_bytes: 10 * @megabyte,
    max_pixels: 50_000_000,
    max_side: 320,
    max_waiting: 16,
    per_user: 2,
    picture_timeout: 10_000,
    thumbnail: &MyApp.Native.thumbnail/2
  ]

  @type t :: %__MODULE__{
          at_once: pos_integer(),
          max_bytes: pos_integer(),
          max_pixels: pos_integer(),
          max_side: pos_integer(),
          max_waiting: non_neg_integer(),
          per_user: pos_integer(),
          picture_timeout: pos_integer(),
          thumbnail: (binary(), pos_integer() -> {:ok, binary()} | {:error, {atom(), String.t()}})
        }

  # SQLite's longest row, less what stands in it beside the picture.
  @largest_picture 900 * @megabyte
  @ranges [
    at_once: 1..1_000,
    max_bytes: 1..@largest_picture,
    max_pixels: 1..120_000_000,
    max_side: 1..1_024,
    max_waiting: 0..100_000,
    per_user: 1..100_000,
    picture_timeout: 1..0xFFFFFFFF
  ]

  @spec new!(keyword()) :: t()
  def new!(options) do
    for {key, first..last} <- @ranges, Keyword.has_key?(options, key) do
      value = options[key]

      unless is_integer(value) and value in first..last do
        raise ArgumentError,
              "the option #{inspect(key)} is an integer from #{first} to #{last}, got: #{inspect(value)}"
      end
    end

    struct!(%__MODULE__{at_once: System.schedulers_online()}, options)
  end
end
