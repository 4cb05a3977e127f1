defmodule Cantilever.JSON.Tool.Output do
  @moduledoc false
  # Where `mix cantilever.json` writes: standard output, or a file that is there whole or not at all.

  alias Cantilever.WholeFile

  @type write :: (iodata() -> :ok | {:error, term()})

  @closed "standard output did not take all of it: have its reader read to the end, see whether its disk is full, or name a file with --output"

  @doc "Calls `fun` with the function that writes. The error is a sentence, or what `fun` returns."
  @spec to(Path.t() | nil, (write() -> {:ok, result} | {:error, reason})) ::
          {:ok, result} | {:error, reason | String.t()}
        when result: term(), reason: term()
  def to(nil, fun) do
    ports = ports()

    # As bytes: the pieces of JSON may end inside a character.
    with {:ok, old} <- encoding(),
         {:ok, result} <- fun.(&write/1) |> restoring(old) do
      if Enum.all?(ports, &written?/1), do: {:ok, result}, else: {:error, @closed}
    end
  end

  def to(path, fun), do: WholeFile.write_with(path, fun)

  @doc "Writes a list of binaries one by one, and stops where that fails."
  @spec all(write(), iodata()) :: :ok | {:error, term()}
  def all(_write, []), do: :ok

  def all(write, [piece | rest]) do
    with :ok <- write.(piece), do: all(write, rest)
  end

  defp encoding do
    with options when is_list(options) <- :io.getopts(),
         :ok <- :io.setopts(encoding: :latin1) do
      {:ok, Keyword.get(options, :encoding, :unicode)}
    else
      {:error, _reason} -> {:error, @closed}
    end
  end

  defp restoring(result, encoding) do
    case {result, :io.setopts(encoding: encoding)} do
      {{:ok, _result}, {:error, _reason}} -> {:error, @closed}
      _told_already -> result
    end
  end

  # What was written last may fail only after the call, as on a disk that is full: the VM writes by a thread of its own, and what it
  # has not written yet is in the port's queue. A port that fails is gone.
  defp written?(port) do
    case Port.info(port, :queue_size) do
      {:queue_size, 0} -> Port.info(port) != nil
      {:queue_size, _bytes} -> receive after: (1 -> written?(port))
      nil -> false
    end
  end

  defp ports do
    leader = Process.group_leader()

    case node(leader) == node() && Process.info(leader, :links) do
      {:links, links} -> Enum.filter(links, &is_port/1)
      _elsewhere -> []
    end
  end

  # The process behind it ends with its reader, and then so do the calls to it.
  defp write(iodata) do
    case :file.write(Process.group_leader(), iodata) do
      :ok -> :ok
      {:error, _reason} -> {:error, @closed}
    end
  end
end
