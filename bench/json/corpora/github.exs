defmodule Cantilever.Bench.JSON.Corpora.Github do
  @moduledoc false
  # Thirty notes with their files and, of six in ten, their owner: addresses in strings of 20 to 150 bytes, all ASCII.

  alias Cantilever.Bench.JSON.{Made, Text}

  @api "https://api.github.com"

  @spec text() :: iodata
  def text, do: [Text.write(for(index <- 1..30, do: note(index)), indent: 2), "\n"]

  defp note(index) do
    id = Made.hex({:note, index}, 32)
    api = "#{@api}/gists/#{id}"
    page = "https://gist.github.com/#{id}"
    time = "2017-05-15T20:23:#{Made.between({index, :second}, 10..59)}Z"
    login = if Made.chance?({:owner, index}, 60), do: Made.letters({:login, index}, 8)
    files = if index == 7, do: 4, else: 1

    [
      {"url", api},
      {"forks_url", api <> "/forks"},
      {"commits_url", api <> "/commits"},
      {"id", id},
      {"git_pull_url", page <> ".git"},
      {"git_push_url", page <> ".git"},
      {"html_url", page},
      {"files", for(file <- 1..files, do: file({index, file}, id, login || "anonymous"))},
      {"public", true},
      {"created_at", time},
      {"updated_at", time},
      {"description", if(login, do: Made.words({:description, index}, 6))},
      {"comments", 0},
      {"user", nil},
      {"comments_url", api <> "/comments"}
    ] ++ if(login, do: [{"owner", owner(index, login)}], else: []) ++ [{"truncated", false}]
  end

  defp file(key, id, login) do
    name = Made.letters({:file, key}, 12) <> ".log"
    hash = Made.hex({:raw, key}, 40)

    {name,
     [
       {"filename", name},
       {"type", "text/plain"},
       {"language", nil},
       {"raw_url", "https://gist.githubusercontent.com/#{login}/#{id}/raw/#{hash}/#{name}"},
       {"size", Made.between({:size, key}, 30..20_000)}
     ]}
  end

  defp owner(index, login) do
    id = Made.between({:owner_id, index}, 1_000_000..27_000_000)
    api = "#{@api}/users/#{login}"

    [
      {"login", login},
      {"id", id},
      {"avatar_url", "https://avatars2.githubusercontent.com/u/#{id}?v=3"},
      {"gravatar_id", ""},
      {"url", api},
      {"html_url", "https://github.com/#{login}"},
      {"followers_url", api <> "/followers"},
      {"following_url", api <> "/following{/other_user}"},
      {"gists_url", api <> "/gists{/gist_id}"},
      {"starred_url", api <> "/starred{/owner}{/repo}"},
      {"subscriptions_url", api <> "/subscriptions"},
      {"organizations_url", api <> "/orgs"},
      {"repos_url", api <> "/repos"},
      {"events_url", api <> "/events{/privacy}"},
      {"received_events_url", api <> "/received_events"},
      {"type", "User"},
      {"site_admin", false}
    ]
  end
end
