defmodule Cantilever.Bench.JSON.Corpora.Twitter.User do
  @moduledoc false
  # Who has sent a message.

  alias Cantilever.Bench.JSON.Corpora.Twitter.Entities
  alias Cantilever.Bench.JSON.{Made, Text}

  @spec of(Made.key()) :: Text.document()
  def of(key) do
    id = Made.between({:user, key}, 10_000_000..2_800_000_000)
    picture = "pbs.twimg.com/profile_images/#{Made.between({:picture, key}, 1..999_999_999)}00/"
    picture = picture <> Made.base58({:picture, key}, 8) <> "_normal.jpeg"
    url = if Made.chance?({:url, key}, 30), do: "http://t.co/" <> Made.base58({:url, key}, 10)
    year = Made.between({:year, key}, 2009..2014)

    [
      {"id", id},
      {"id_str", "#{id}"},
      {"name", Made.japanese({:name, key}, Made.between({:name, key}, 3..15))},
      {"screen_name",
       Made.letters({:screen_name, key}, Made.between({:screen_name, key}, 6..14))},
      {"location", Made.japanese({:location, key}, Made.between({:location, key}, 0..10))},
      {"description", Made.japanese({:about, key}, Made.between({:about, key}, 10..120))},
      {"url", url},
      {"entities", entities(key, url)},
      {"protected", false},
      {"followers_count", Made.below({:followers, key}, 4_000)},
      {"friends_count", Made.below({:friends, key}, 2_000)},
      {"listed_count", Made.below({:listed, key}, 40)},
      {"created_at", "Thu Oct 25 08:27:13 +0000 #{year}"},
      {"favourites_count", Made.below({:favourites, key}, 9_000)},
      {"utc_offset", if(Made.chance?({:zone, key}, 40), do: 32_400)},
      {"time_zone", if(Made.chance?({:zone, key}, 40), do: "Tokyo")},
      {"geo_enabled", Made.chance?({:geo, key}, 30)},
      {"verified", false},
      {"statuses_count", Made.below({:statuses, key}, 90_000)},
      {"lang", "ja"}
    ] ++ look(key, id, picture)
  end

  defp entities(_key, nil), do: [{"description", [{"urls", []}]}]

  defp entities(key, url) do
    [{"url", [{"urls", [Entities.url(key, url)]}]}, {"description", [{"urls", []}]}]
  end

  defp look(key, id, picture) do
    background = "abs.twimg.com/images/themes/theme#{1 + Made.below({:theme, key}, 19)}/bg.png"

    [
      {"contributors_enabled", false},
      {"is_translator", false},
      {"is_translation_enabled", false},
      {"profile_background_color", "C0DEED"},
      {"profile_background_image_url", "http://" <> background},
      {"profile_background_image_url_https", "https://" <> background},
      {"profile_background_tile", Made.chance?({:tile, key}, 20)},
      {"profile_image_url", "http://" <> picture},
      {"profile_image_url_https", "https://" <> picture},
      {"profile_banner_url", "https://pbs.twimg.com/profile_banners/#{id}/1409062272"},
      {"profile_link_color", "0084B4"},
      {"profile_sidebar_border_color", "C0DEED"},
      {"profile_sidebar_fill_color", "DDEEF6"},
      {"profile_text_color", "333333"},
      {"profile_use_background_image", true},
      {"default_profile", Made.chance?({:default, key}, 60)},
      {"default_profile_image", false},
      {"following", false},
      {"follow_request_sent", false},
      {"notifications", false}
    ]
  end
end
