defmodule Cantilever.Bench.JSON.Corpora.Twitter.Entities do
  @moduledoc false
  # What a message names: people, tags, addresses and pictures.

  alias Cantilever.Bench.JSON.{Made, Text}

  @sizes [
    {"medium", 600, "fit"},
    {"small", 340, "fit"},
    {"thumb", 150, "crop"},
    {"large", 765, "fit"}
  ]

  @spec of(Made.key(), boolean) :: Text.document()
  def of(key, retweet?) do
    tags = if Made.chance?({:tags, key}, 8), do: [tag(key)], else: []
    url = "http://t.co/" <> Made.base58({:address, key}, 10)
    urls = if Made.chance?({:urls, key}, 13), do: [url({:urls, key}, url)], else: []
    media = if Made.chance?({:media, key}, 6), do: [{"media", [picture(key, url)]}], else: []

    [
      {"hashtags", tags},
      {"symbols", []},
      {"urls", urls},
      {"user_mentions", if(retweet?, do: [mention(key)], else: [])}
    ] ++ media
  end

  @spec url(Made.key(), String.t()) :: Text.document()
  def url(key, short) do
    long = "twpf.jp/" <> Made.letters({:long, key}, 11)

    [
      {"url", short},
      {"expanded_url", "http://" <> long},
      {"display_url", long},
      {"indices", [0, 22]}
    ]
  end

  defp tag(key), do: [{"text", Made.japanese({:tag, key}, 6)}, {"indices", [20, 26]}]

  defp mention(key) do
    id = Made.between({:mention, key}, 10_000_000..2_800_000_000)

    [
      {"screen_name", Made.letters({:mention, key}, 8)},
      {"name", Made.japanese({:mention_name, key}, 5)},
      {"id", id},
      {"id_str", "#{id}"},
      {"indices", [3, 12]}
    ]
  end

  defp picture(key, url) do
    id = Made.between({:picture, key}, 505_000_000_000_000_000..505_900_000_000_000_000)
    file = "pbs.twimg.com/media/" <> Made.base58({:file, key}, 15) <> ".jpg"

    [
      {"id", id},
      {"id_str", "#{id}"},
      {"indices", [27, 49]},
      {"media_url", "http://" <> file},
      {"media_url_https", "https://" <> file},
      {"url", url},
      {"display_url", "pic.twitter.com/" <> Made.base58({:display, key}, 10)},
      {"expanded_url", "http://twitter.com/#{Made.letters({:by, key}, 8)}/status/#{id}/photo/1"},
      {"type", "photo"},
      {"sizes",
       for(
         {name, width, fit} <- @sizes,
         do: {name, [{"w", width}, {"h", div(width * 9, 16)}, {"resize", fit}]}
       )}
    ]
  end
end
