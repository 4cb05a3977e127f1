defmodule Cantilever.Nif.Precompiled.Supply do
  @moduledoc false
  # Brings a chosen artifact here: from the cache, from the folder for machines without a network, or from a mirror.
  # Nothing leaves this module that the checksum file does not vouch for.

  alias Cantilever.Nif.Options

  alias Cantilever.Nif.Precompiled.{
    Archive,
    Cache,
    Checksums,
    Choice,
    Fetch,
    Folder,
    Mirrors,
    Progress
  }

  # An artifact that cannot be had is unavailable. One that is not what was published is refused: something is wrong
  # that no other way to a library may hide.
  @type failure :: {:error, :unavailable | :refused, String.t()}

  @spec library(Choice.t(), Options.t(), Checksums.t()) :: {:ok, binary()} | failure()
  def library(choice, options, checksums) do
    with {:ok, cache} <- configured(Cache.dir()),
         {:ok, folder} <- configured(Folder.dir()),
         {:none, bad_cache?} <- from_cache(cache, choice, checksums),
         :none <- from_folder(folder, choice, checksums) do
      choice |> from_mirrors(options, checksums, cache) |> severe(bad_cache?)
    end
    |> unpack(choice)
  end

  defp configured({:ok, dir}), do: {:ok, dir}
  defp configured({:error, message}), do: {:error, :refused, message}

  # A damaged copy is no reason to give up while the original may be had.
  defp from_cache(dir, choice, checksums) do
    with {:ok, bytes} <- Cache.read(dir, choice.archive),
         :ok <- Checksums.verify(checksums, choice.archive, bytes) do
      {:ok, {:archive, bytes}}
    else
      :none ->
        {:none, false}

      {:error, message} ->
        say("In the cache #{dir}: #{message}.")
        Cache.remove(dir, choice.archive)
        {:none, true}
    end
  end

  defp from_folder(nil, _choice, _checksums), do: :none

  defp from_folder(dir, choice, checksums) do
    with {:error, message} <- Folder.find(dir, choice.archive, choice.library, checksums),
         do: {:error, :refused, message}
  end

  defp from_mirrors(choice, options, checksums, cache) do
    with {:ok, urls} <- unavailable(Mirrors.urls(options.base_url, choice.archive)),
         {:ok, bytes} <- fetch(urls, choice, options),
         {:ok, bytes} <- verified(checksums, choice.archive, bytes) do
      keep(cache, choice.archive, bytes)
      {:ok, {:archive, bytes}}
    end
  end

  defp fetch(urls, choice, options) do
    show = &Progress.show(&1, choice.archive)
    result = Fetch.get(urls, max_retries: options.max_retries, on_progress: show)
    Progress.clear()
    unavailable(result)
  end

  defp unavailable({:ok, value}), do: {:ok, value}
  defp unavailable({:error, message}), do: {:error, :unavailable, message}

  defp verified(checksums, archive, bytes) do
    case Checksums.verify(checksums, archive, bytes) do
      :ok -> {:ok, bytes}
      {:error, message} -> {:error, :refused, message}
    end
  end

  defp keep(cache, archive, bytes) do
    with {:error, message} <- Cache.write(cache, archive, bytes), do: say(message <> ".")
  end

  defp severe({:error, :unavailable, message}, true) do
    {:error, :refused,
     "the copy in the cache was not what was published, and another could not be had: #{message}"}
  end

  defp severe(result, _bad_cache?), do: result

  defp unpack({:ok, {:library, bytes}}, _choice), do: {:ok, bytes}

  defp unpack({:ok, {:archive, bytes}}, choice) do
    with {:error, message} <- Archive.unpack(bytes, choice.library),
         do: {:error, :refused, message}
  end

  defp unpack(failure, _choice), do: failure

  defp say(text), do: Mix.shell().info(text)
end
