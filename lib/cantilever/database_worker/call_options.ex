defmodule Cantilever.DatabaseWorker.CallOptions do
  @moduledoc false
  # The options of the calls, of which each has some: checked once, in the caller.

  alias Cantilever.Options

  @type t :: %{
          timeout: pos_integer | :infinity,
          mode: :auto | :read | :write,
          chunk_rows: pos_integer
        }

  @defaults %{timeout: 5_000, mode: :auto, chunk_rows: 500}

  @shapes %{
    timeout: "a number of milliseconds from 1 to 4_294_967_295 (an integer) or :infinity",
    mode: ":auto, :read or :write",
    chunk_rows: "an integer from 1 to 100_000"
  }

  @spec new!(keyword, [atom], String.t(), keyword) :: t
  def new!(options, keys, function, defaults \\ []) do
    shapes = for key <- keys, do: {key, fn -> Map.fetch!(@shapes, key) end}
    Options.check!(options, shapes, function, &valid?/2)
    @defaults |> Map.merge(Map.new(defaults)) |> Map.merge(Map.new(options))
  end

  defp valid?(:timeout, value), do: value == :infinity or value in 1..0xFFFFFFFF
  defp valid?(:mode, value), do: value in [:auto, :read, :write]
  defp valid?(:chunk_rows, value), do: value in 1..100_000
end
