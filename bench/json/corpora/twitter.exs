defmodule Cantilever.Bench.JSON.Corpora.Twitter do
  @moduledoc false
  # A hundred messages, most of which carry another: every kind of value, forty keys each, a quarter white space, Japanese
  # prose between short ASCII strings, and some escapes.

  alias Cantilever.Bench.JSON.{Made, Text}
  alias Cantilever.Bench.JSON.Corpora.Twitter.{Entities, User}

  @first_id 505_874_847_260_352_513

  @spec text() :: iodata
  def text do
    search = [
      {"completed_in", {:verbatim, "0.087"}},
      {"max_id", rounded(@first_id)},
      {"max_id_str", "#{@first_id}"},
      {"next_results", "?max_id=#{@first_id}&q=%E4%B8%80&count=100&include_entities=1"},
      {"query", "%E4%B8%80"},
      {"refresh_url", "?since_id=#{@first_id}&q=%E4%B8%80&include_entities=1"},
      {"count", 100},
      {"since_id", 0},
      {"since_id_str", "0"}
    ]

    statuses = for index <- 1..100, do: status(index, Made.chance?({:retweet, index}, 73))
    Text.write([{"statuses", statuses}, {"search_metadata", search}], indent: 2)
  end

  defp status(key, retweet?) do
    id = @first_id + Made.between({:id, key}, 0..99_999_999_999)
    reply = if Made.chance?({:reply, key}, 15), do: Made.between({:reply_to, key}, 1..999_999_999)
    retweeted = if retweet?, do: [{"retweeted_status", status({key, :of}, false)}], else: []

    [
      {"metadata", [{"result_type", "recent"}, {"iso_language_code", "ja"}]},
      {"created_at", "Sun Aug 31 00:29:#{Made.between({:second, key}, 10..59)} +0000 2014"},
      {"id", rounded(id)},
      {"id_str", "#{id}"},
      {"text", prose(key)},
      {"source",
       ~s(<a href="http://twitter.com/download/iphone" rel="nofollow">Twitter for iPhone</a>)},
      {"truncated", false},
      {"in_reply_to_status_id", nil},
      {"in_reply_to_status_id_str", nil},
      {"in_reply_to_user_id", reply},
      {"in_reply_to_user_id_str", reply && "#{reply}"},
      {"in_reply_to_screen_name", reply && Made.letters({:reply_name, key}, 9)},
      {"user", User.of(key)},
      {"geo", nil},
      {"coordinates", nil},
      {"place", nil},
      {"contributors", nil}
    ] ++
      retweeted ++
      [
        {"retweet_count", Made.below({:retweets, key}, 100)},
        {"favorite_count", Made.below({:favourites, key}, 20)},
        {"entities", Entities.of(key, retweet?)},
        {"favorited", false},
        {"retweeted", false},
        {"lang", "ja"}
      ]
  end

  # Half of the messages are as long as they may be.
  defp prose(key) do
    length =
      if Made.chance?({:long, key}, 55), do: 120, else: Made.between({:length, key}, 10..90)

    lines = if Made.chance?({:lines, key}, 40), do: 4, else: 1
    each = div(length, lines)
    text = Enum.map_join(1..lines, "\n", &Made.japanese({:text, key, &1}, each))
    "@#{Made.letters({:name, key}, 8)} #{text}"
  end

  # What a program that has only doubles makes of it: such a file has both.
  defp rounded(id), do: div(id, 100) * 100
end
