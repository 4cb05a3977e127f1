defmodule Cantilever.Nif.Precompiled.Naming do
  @moduledoc false
  # The names of artifacts, which are those of rustler_precompiled, so that either side finds what the other has
  # made. Pure.

  @type artifact :: %{
          basename: String.t(),
          version: String.t(),
          nif_version: String.t(),
          target: String.t(),
          variant: String.t() | nil
        }

  # What a project declares: its artifacts are of all targets, in all NIF versions, plain and in each variant.
  @type declaration :: %{
          :basename => String.t(),
          :version => String.t(),
          :targets => [String.t()],
          :nif_versions => [String.t()],
          :variants => %{String.t() => [String.t()]},
          optional(any()) => any()
        }

  @spec library(artifact()) :: String.t()
  def library(
        %{basename: basename, version: version, nif_version: nif, target: target} = artifact
      ) do
    variant = if artifact[:variant], do: "--#{artifact.variant}", else: ""
    "#{prefix(target)}#{basename}-v#{version}-nif-#{nif}-#{target}#{variant}.#{extension(target)}"
  end

  @spec archive(artifact()) :: String.t()
  def archive(artifact), do: library(artifact) <> ".tar.gz"

  @spec library_of(archive :: String.t()) :: String.t()
  def library_of(archive), do: String.replace_suffix(archive, ".tar.gz", "")

  @spec parse(String.t()) :: {:ok, artifact()} | :error
  def parse(archive) do
    pattern =
      ~r/\A(?<basename>[\w-]+?)-v(?<version>\d+\.\d+\.\d+[\w.+-]*?)-nif-(?<nif>\d+\.\d+)-(?<target>[\w.-]+?)(?:--(?<variant>[^\/\\]+?))?\.(?:so|dll)\.tar\.gz\z/

    with true <- String.valid?(archive),
         %{"basename" => basename} = found <- Regex.named_captures(pattern, archive),
         artifact = %{
           basename: String.replace_prefix(basename, prefix(found["target"]), ""),
           version: found["version"],
           nif_version: found["nif"],
           target: found["target"],
           variant: if(found["variant"] != "", do: found["variant"])
         },
         # Prefix and extension must be those of the target.
         ^archive <- archive(artifact) do
      {:ok, artifact}
    else
      _other -> :error
    end
  end

  @spec all(declaration()) :: [String.t()]
  def all(declaration) do
    for target <- declaration.targets,
        nif_version <- declaration.nif_versions,
        variant <- [nil | Map.get(declaration.variants, target, [])] do
      archive(%{
        basename: declaration.basename,
        version: declaration.version,
        nif_version: nif_version,
        target: target,
        variant: variant
      })
    end
  end

  # The name comes at the end of the URL's path, and a query stays behind it.
  @spec url(base_url :: String.t(), archive :: String.t()) :: String.t()
  def url(base_url, archive) do
    uri = URI.parse(base_url)
    path = String.trim_trailing(uri.path || "", "/") <> "/" <> URI.encode(archive)
    URI.to_string(%{uri | path: path})
  end

  defp prefix(target), do: if(windows?(target), do: "", else: "lib")
  defp extension(target), do: if(windows?(target), do: "dll", else: "so")
  defp windows?(target), do: String.contains?(target, "windows")
end
