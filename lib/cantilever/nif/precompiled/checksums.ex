defmodule Cantilever.Nif.Precompiled.Checksums do
  @moduledoc false
  # The file in a project's root that vouches for its artifacts: a map in Elixir's notation from the name of an
  # archive to `sha256:` and its digest, in rustler_precompiled's format. Beside those it holds the oldest glibc that
  # a library needs, as "glibc:<archive>" => "2.17", which nobody else looks for.
  #
  # The file is read as a map of strings and nothing else: no code in it is ever run.

  alias Cantilever.AtomicFile
  alias Cantilever.Nif.Precompiled.Checksums.Parser
  alias Cantilever.Nif.Precompiled.Naming

  @type t :: %{String.t() => String.t()}
  @type glibc :: {non_neg_integer(), non_neg_integer()}

  @max_bytes 1_048_576

  @spec path(module(), Path.t()) :: Path.t()
  def path(module, root), do: Path.join(root, "checksum-#{module}.exs")

  @spec parse(binary()) :: {:ok, t()} | {:error, String.t()}
  def parse(text) when byte_size(text) > @max_bytes,
    do: {:error, "it has #{byte_size(text)} bytes, and at most #{@max_bytes} are read"}

  def parse(text), do: Parser.parse(text)

  @spec read(module(), Path.t()) :: {:ok, t()} | {:error, String.t()}
  def read(module, root) do
    path = path(module, root)

    with {:ok, text} <- File.read(path),
         {:ok, checksums} <- parse(text) do
      {:ok, checksums}
    else
      {:error, :enoent} ->
        {:error,
         "There is no checksum file #{path}. Whoever publishes the artifacts writes it with " <>
           "`mix cantilever.checksum #{inspect(module)}`"}

      {:error, reason} when is_atom(reason) ->
        {:error,
         "The checksum file #{path} cannot be read: #{:file.format_error(reason)}. Correct its permissions"}

      {:error, message} ->
        {:error,
         "The checksum file #{path} is damaged: #{message}. Restore it, or write it anew with " <>
           "`mix cantilever.checksum #{inspect(module)}`"}
    end
  end

  @spec render(t()) :: String.t()
  def render(checksums) do
    lines =
      for {key, value} <- Enum.sort(checksums), do: ~s(  #{quoted(key)} => #{quoted(value)},\n)

    IO.iodata_to_binary(["%{\n", lines, "}\n"])
  end

  # In one step, so that a compilation at the same time reads the old file or the new one.
  @spec write!(t(), module(), Path.t()) :: Path.t()
  def write!(checksums, module, root) do
    path = path(module, root)
    AtomicFile.write!(path, render(checksums))
    path
  end

  @spec digest(iodata()) :: String.t()
  def digest(bytes), do: "sha256:" <> Base.encode16(:crypto.hash(:sha256, bytes), case: :lower)

  @spec verify(t(), archive :: String.t(), binary()) :: :ok | {:error, String.t()}
  def verify(checksums, archive, bytes) do
    actual = digest(bytes)

    case checksums do
      %{^archive => ^actual} ->
        :ok

      %{^archive => "sha256:" <> hex = expected} when byte_size(hex) == 64 ->
        if String.downcase(expected) == actual,
          do: :ok,
          else:
            {:error,
             "#{archive} is not the file that was published: its digest is #{actual}, and the checksum file says " <>
               "#{expected}. It was damaged on its way, replaced, or published anew without a new checksum file. " <>
               "It is not used"}

      %{^archive => other} ->
        {:error,
         "The checksum file's entry for #{archive} is #{inspect(other)}, and only sha256: with 64 digits is " <>
           "known. Write the file anew with `mix cantilever.checksum`"}

      %{} ->
        {:error,
         "The checksum file has no entry for #{archive}, so nothing vouches for it. " <>
           "Write the file anew with `mix cantilever.checksum`"}
    end
  end

  # The oldest glibc with which the library loads, where it is known.
  @spec glibc(t(), archive :: String.t()) :: glibc() | nil
  def glibc(checksums, archive) do
    with text when is_binary(text) <- checksums[glibc_key(archive)],
         [_, major, minor] <- Regex.run(~r/\A(\d{1,3})\.(\d{1,3})\z/, text) do
      {String.to_integer(major), String.to_integer(minor)}
    else
      _other -> nil
    end
  end

  # The entries of one archive.
  @spec entries(archive :: String.t(), binary(), glibc() | nil) :: t()
  def entries(archive, bytes, nil), do: %{archive => digest(bytes)}

  def entries(archive, bytes, {major, minor}),
    do: %{archive => digest(bytes), glibc_key(archive) => "#{major}.#{minor}"}

  # Those that were published for the target, the least first. A variant stands beside a plain artifact.
  @spec nif_versions(t(), basename :: String.t(), version :: String.t(), target :: String.t()) ::
          [String.t()]
  def nif_versions(checksums, basename, version, target) do
    published =
      for {archive, _digest} <- checksums,
          {:ok,
           %{basename: ^basename, version: ^version, target: ^target, variant: nil} = artifact} <-
            [Naming.parse(archive)],
          do: artifact.nif_version

    Enum.sort_by(published, fn nif_version ->
      nif_version |> String.split(".") |> Enum.map(&String.to_integer/1)
    end)
  end

  defp glibc_key(archive), do: "glibc:" <> archive

  defp quoted(text), do: inspect(text, printable_limit: :infinity)
end
