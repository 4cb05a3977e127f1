defmodule Cantilever.Nif.Precompiled.Folder do
  @moduledoc false
  # The folder that `CANTILEVER_ARTIFACTS` names, from which machines without a network take what was carried there:
  # archives, or libraries that were unpacked already. The checksum file vouches for either.

  alias Cantilever.Nif.Precompiled.{Cache, Checksums}

  @type found :: {:archive, binary()} | {:library, binary()}

  @spec dir((String.t() -> String.t() | nil)) :: {:ok, Path.t() | nil} | {:error, String.t()}
  def dir(env \\ &System.get_env/1) do
    case env.("CANTILEVER_ARTIFACTS") do
      path when path in [nil, ""] -> {:ok, nil}
      path -> Cache.absolute("CANTILEVER_ARTIFACTS", path)
    end
  end

  # What is there and as it was published.
  @spec find(Path.t(), String.t(), String.t(), Checksums.t()) ::
          {:ok, found()} | :none | {:error, String.t()}
  def find(dir, archive, library, checksums) do
    with :none <- verified(dir, archive, :archive, checksums),
         do: verified(dir, library, :library, checksums)
  end

  defp verified(dir, name, kind, checksums) do
    path = Path.join(dir, name)

    with {:ok, bytes} <- File.read(path),
         :ok <- vouched(kind, name, checksums),
         :ok <- Checksums.verify(checksums, name, bytes) do
      {:ok, {kind, bytes}}
    else
      {:error, :enoent} ->
        :none

      {:error, reason} when is_atom(reason) ->
        {:error, "#{path} cannot be read (#{:file.format_error(reason)})"}

      {:error, message} ->
        {:error, "#{path}: #{message}"}
    end
  end

  defp vouched(:library, name, checksums) when not is_map_key(checksums, name) do
    {:error,
     "the checksum file vouches for the archive of this library, not for the library itself. " <>
       "Put #{name}.tar.gz into the folder, or add the library's own digest to the checksum file"}
  end

  defp vouched(_kind, _name, _checksums), do: :ok
end
