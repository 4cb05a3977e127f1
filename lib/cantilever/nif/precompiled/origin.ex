defmodule Cantilever.Nif.Precompiled.Origin do
  @moduledoc false
  # Where the tasks have artifacts from: a folder, the first of the mirrors that a module declares and that has one, or
  # one of them.

  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Fetch
  alias Cantilever.Nif.Precompiled.Naming
  alias Cantilever.Nif.Precompiled.Progress

  @type t :: {:dir, Path.t()} | :url | {:mirror, Fetch.url()}

  # By the flags of a task.
  @spec from_options(keyword()) :: {:ok, t()} | {:error, String.t()}
  def from_options(options) do
    case {options[:from_dir], options[:from_url] || false} do
      {nil, true} ->
        {:ok, :url}

      {nil, false} ->
        {:error, "say where the artifacts are: --from-dir DIR or --from-url"}

      {_dir, true} ->
        {:error, "--from-dir and --from-url exclude each other"}

      {dir, false} ->
        if File.dir?(dir), do: {:ok, {:dir, dir}}, else: {:error, "there is no folder #{dir}"}
    end
  end

  # What is missing may be left out, other faults are to be mended.
  @spec read(t(), Config.t(), archive :: String.t()) ::
          {:ok, binary()} | {:missing, String.t()} | {:error, String.t()}
  def read({:dir, dir}, _config, archive) do
    path = Path.join(dir, archive)

    case File.read(path) do
      {:ok, bytes} -> {:ok, bytes}
      {:error, :enoent} -> {:missing, "#{archive} is not in #{dir}"}
      {:error, reason} -> {:error, "#{path} cannot be read: #{:file.format_error(reason)}"}
    end
  end

  def read({:mirror, {url, headers}}, _config, archive),
    do: fetch([{Naming.url(url, archive), headers}], archive)

  def read(:url, config, archive),
    do: with({:ok, urls} <- Config.urls(config, archive), do: fetch(urls, archive))

  defp fetch(urls, archive) do
    with {:error, message} <- Fetch.get(urls, on_progress: &Progress.show(&1, archive, false)),
         do: {:missing, "#{archive}: #{message}"}
  end
end
