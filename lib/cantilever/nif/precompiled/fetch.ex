defmodule Cantilever.Nif.Precompiled.Fetch do
  @moduledoc false
  # Downloads one file from the first of several mirrors that gives it. A server that is away or breaks off is asked
  # again, after a pause; one that answers that it does not have the file is not.

  alias Cantilever.Nif.Precompiled.Fetch.{Download, Failure, Link}

  @default_retries 3
  @default_max_bytes 256 * 1024 * 1024
  # With the default of three retries the pauses add up to more than half a minute, as long as a CDN needs to recover.
  @first_pause_ms 5_000
  @longest_pause_ms 60_000

  @type url :: {String.t(), [{String.t(), String.t()}]}
  @type event ::
          {:start, String.t()}
          | {:bytes, non_neg_integer(), non_neg_integer() | nil}
          | {:retry, String.t(), pause_ms :: non_neg_integer()}

  # The options:
  #   * `:max_retries` - how often all mirrors are asked again (0 to 15)
  #   * `:max_bytes` - a longer body is cut off
  #   * `:on_progress` - is called with each `t:event/0`
  #   * `:pause` - waits for a number of milliseconds
  #   * `:env` - looks up an environment variable
  #   * `:cacerts` - the certificates to trust instead of the system's, in DER
  #   * `:idle_ms` - after how long without a byte a server counts as away
  @spec get([url()], keyword()) :: {:ok, binary()} | {:error, String.t()}
  def get(urls, options \\ [])

  def get([], _options),
    do: {:error, "there is no URL to download from. Give the option :base_url at least one"}

  def get(urls, options) do
    context = %{
      max_bytes: Keyword.get(options, :max_bytes, @default_max_bytes),
      on_progress: Keyword.get(options, :on_progress, fn _event -> :ok end),
      pause: Keyword.get(options, :pause, &Process.sleep/1),
      env: Keyword.get(options, :env, &System.get_env/1),
      cacerts: Keyword.get(options, :cacerts),
      idle_ms: Keyword.get(options, :idle_ms, 30_000)
    }

    {refused, links} =
      urls |> Enum.map(&Link.new/1) |> Enum.split_with(&match?({:error, _message}, &1))

    failures = for {:error, message} <- refused, do: %Failure{message: message, retry?: false}
    links = for {:ok, link} <- links, do: link
    rounds(links, failures, 0, Keyword.get(options, :max_retries, @default_retries), context)
  end

  # What is waited before the retry of this number: twice as long each time, and up to a quarter more, so that many
  # machines that lost one server do not come back to it at once.
  @spec pause_ms(pos_integer(), float()) :: pos_integer()
  def pause_ms(retry, random) do
    pause = min(@first_pause_ms * Integer.pow(2, retry - 1), @longest_pause_ms)
    pause + round(pause * random / 4)
  end

  # `given_up` are the failures of mirrors that are not asked again.
  defp rounds(links, given_up, retry, max_retries, context) do
    case round(links, [], context) do
      {:ok, bytes} ->
        {:ok, bytes}

      {:error, failed} ->
        {again, final} = Enum.split_with(failed, fn {_link, failure} -> failure.retry? end)
        given_up = given_up ++ Enum.map(final, &elem(&1, 1))
        failures = Enum.map(again, &elem(&1, 1))

        if again == [] or retry == max_retries do
          {:error, Failure.summary(given_up ++ failures, retry)}
        else
          wait(retry + 1, hd(failures), context)
          rounds(Enum.map(again, &elem(&1, 0)), given_up, retry + 1, max_retries, context)
        end
    end
  end

  defp round([], failed, _context), do: {:error, Enum.reverse(failed)}

  defp round([link | links], failed, context) do
    context.on_progress.({:start, Link.show(link)})

    case Download.run(link, context) do
      {:ok, bytes} -> {:ok, bytes}
      {:error, failure} -> round(links, [{link, failure} | failed], context)
    end
  end

  defp wait(retry, failure, context) do
    pause = pause_ms(retry, :rand.uniform())
    context.on_progress.({:retry, failure.message, pause})
    context.pause.(pause)
  end
end
