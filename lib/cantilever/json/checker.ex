defmodule Cantilever.JSON.Checker do
  @moduledoc false

  # Whether a document is right, in memory that does not grow with it: no term is made of it.

  alias Cantilever.JSON.{DecodeError, DecodeOptions}
  alias Cantilever.Native

  # How many bytes the document has, which comes in chunks. Stops reading them where it is wrong.
  @spec check(Enumerable.t(), pos_integer()) ::
          {:ok, non_neg_integer()} | {:error, DecodeError.t()}
  def check(chunks, max_depth \\ DecodeOptions.max_depth()) do
    checker = Native.json_checker_new(max_depth)

    chunks
    |> Enum.reduce_while({:ok, 0}, fn chunk, {:ok, bytes} ->
      case Native.json_checker_feed(checker, chunk, false) do
        :more -> {:cont, {:ok, bytes + byte_size(chunk)}}
        failure -> {:halt, {:error, DecodeError.from_native(failure)}}
      end
    end)
    |> finish(checker)
  end

  defp finish({:error, error}, _checker), do: {:error, error}

  defp finish({:ok, bytes}, checker) do
    case Native.json_checker_feed(checker, "", true) do
      :ok -> {:ok, bytes}
      failure -> {:error, DecodeError.from_native(failure)}
    end
  end
end
