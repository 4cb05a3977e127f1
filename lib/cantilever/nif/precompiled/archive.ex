defmodule Cantilever.Nif.Precompiled.Archive do
  @moduledoc false
  # A library in a .tar.gz, with nothing that tells when, where or by whom it was packed, and the library out of
  # one that anybody may have made: in memory, never more of it than asked for, and only if it is the one regular
  # file of the expected name.

  alias Cantilever.Nif.Precompiled.Archive.Tar

  # What a tar may hold beside the file: headers, long names, and the blocks that fill up a record.
  @overhead 65_536

  # A library of that size would hardly be one. Whoever publishes and whoever uses an archive have the same limit.
  @max_bytes 1024 * 1024 * 1024

  # RFC 1952: deflate, no name, no time, best compression, and no word about the system.
  @gzip_header <<0x1F, 0x8B, 8, 0, 0::32, 2, 255>>

  @spec pack(library_name :: String.t(), binary()) :: binary()
  def pack(name, library) do
    tar = Tar.write(name, library)
    z = :zlib.open()

    try do
      :ok = :zlib.deflateInit(z, 9, :deflated, -15, 9, :default)
      packed = :zlib.deflate(z, tar, :finish)
      crc = :erlang.crc32(tar)
      size = IO.iodata_length(tar)
      IO.iodata_to_binary([@gzip_header, packed, <<crc::little-32, size::little-32>>])
    after
      :zlib.close(z)
    end
  end

  @spec unpack(binary(), library_name :: String.t(), max_bytes :: pos_integer()) ::
          {:ok, binary()} | {:error, String.t()}
  def unpack(archive, name, max_bytes \\ @max_bytes) do
    with :ok <- recognise(archive),
         {:ok, tar} <- inflate(archive, max_bytes + @overhead),
         {:ok, library} <- Tar.read(tar, name, max_bytes) do
      {:ok, library}
    else
      {:error, problem} ->
        {:error,
         "The archive of #{name} (#{byte_size(archive)} bytes) #{problem}. It is not used: fetch or build it again"}
    end
  end

  defp recognise(<<0x1F, 0x8B, _::binary>>), do: :ok
  defp recognise(""), do: {:error, "is empty"}

  defp recognise(other) do
    start =
      other |> binary_part(0, min(byte_size(other), 512)) |> printable() |> String.downcase()

    if start =~ ~r/\A\s*(<!doctype html|<html|<\?xml|<head|<!--)/,
      do:
        {:error,
         "is a web page instead of an archive, such as of a login or an error. See that the base URL leads to the " <>
           "files themselves, without a login"},
      else: {:error, "is no gzip file, which begins with the bytes 1F 8B"}
  end

  defp printable(bytes), do: for(<<byte <- bytes>>, byte in 9..126, into: "", do: <<byte>>)

  # In steps, and no further than the limit, whatever the archive claims.
  defp inflate(archive, limit) do
    z = :zlib.open()

    try do
      :ok = :zlib.inflateInit(z, 31, :error)
      steps(z, :zlib.safeInflate(z, archive), [], 0, limit)
    rescue
      error in ErlangError -> {:error, damage(error.original)}
    after
      :zlib.close(z)
    end
  end

  defp steps(z, {state, output}, taken, size, limit) do
    size = size + IO.iodata_length(output)

    cond do
      size > limit ->
        {:error, "unpacks to more than #{limit} bytes, the most that is accepted"}

      state == :continue ->
        steps(z, :zlib.safeInflate(z, []), [taken | output], size, limit)

      true ->
        # Raises if the end has not come.
        :ok = :zlib.inflateEnd(z)
        {:ok, IO.iodata_to_binary([taken | output])}
    end
  end

  defp damage({:need_dictionary, _adler}), do: "is no gzip file that can be unpacked"

  defp damage(:data_error),
    do: "is damaged: its gzip data is cut off, changed, or followed by other data"

  defp damage(reason), do: "cannot be unpacked (#{inspect(reason)})"
end
