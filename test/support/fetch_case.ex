defmodule Cantilever.FetchCase do
  @moduledoc false
  # For tests that download from servers of their own.

  use ExUnit.CaseTemplate

  alias Cantilever.ArtifactServer
  alias Cantilever.Nif.Precompiled.Fetch

  using do
    quote do
      import Cantilever.FetchCase

      alias Cantilever.ArtifactServer
    end
  end

  @spec bytes() :: binary()
  def bytes, do: :crypto.hash(:sha512, "an archive") |> :binary.copy(5_000)

  # Waits for nothing, sees nothing of the environment, and tells the test all that happens.
  @spec get(String.t() | [String.t() | Fetch.url()] | Fetch.url(), keyword()) ::
          {:ok, binary()} | {:error, String.t()}
  def get(urls, opts \\ []) do
    test = self()
    urls = for url <- List.wrap(urls), do: if(is_binary(url), do: {url, []}, else: url)

    defaults = [
      pause: &send(test, {:paused, &1}),
      on_progress: &send(test, {:event, &1}),
      env: fn _name -> nil end,
      max_retries: 0
    ]

    Fetch.get(urls, Keyword.merge(defaults, opts))
  end

  # A server that reports its requests, and counts them from 0.
  @spec server(
          ArtifactServer.response()
          | (ArtifactServer.request(), non_neg_integer() -> ArtifactServer.response()),
          keyword()
        ) :: %{port: :inet.port_number(), url: String.t()}
  def server(answer, opts \\ []) do
    test = self()
    counter = :counters.new(1, [])

    port =
      ArtifactServer.start(
        fn request ->
          count = :counters.get(counter, 1)
          :counters.add(counter, 1, 1)
          send(test, {:request, request})
          if is_function(answer, 2), do: answer.(request, count), else: answer
        end,
        opts
      )

    scheme = if opts[:tls], do: "https", else: "http"
    %{port: port, url: "#{scheme}://localhost:#{port}/lib.so.tar.gz"}
  end

  @spec requests() :: [ArtifactServer.request()]
  def requests do
    receive do
      {:request, request} -> [request | requests()]
    after
      0 -> []
    end
  end

  @spec pauses() :: [non_neg_integer()]
  def pauses do
    receive do
      {:paused, ms} -> [ms | pauses()]
    after
      0 -> []
    end
  end

  @spec env(%{String.t() => String.t()}) :: keyword()
  def env(pairs), do: [env: &Map.get(pairs, &1)]
end
