defmodule Cantilever.DatabaseWorker.CallOptions do
  @moduledoc false
  # The options of the calls, of which each has some: checked once, in the caller.

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
    unless Keyword.keyword?(options) do
      raise ArgumentError,
            "the options of #{function} must be a keyword list, got: #{inspect(options)}"
    end

    Enum.reduce(options, Map.merge(@defaults, Map.new(defaults)), fn {key, value}, all ->
      check!(key, value, keys, function)
      Map.put(all, key, value)
    end)
  end

  defp check!(key, value, keys, function) do
    unless key in keys do
      raise ArgumentError,
            "unknown option #{inspect(key)} for #{function}; the options are #{Enum.map_join(keys, ", ", &inspect/1)}"
    end

    unless valid?(key, value) do
      raise ArgumentError,
            "the option #{inspect(key)} of #{function} must be #{@shapes[key]}, got: #{inspect(value)}"
    end
  end

  defp valid?(:timeout, value), do: value == :infinity or value in 1..0xFFFFFFFF
  defp valid?(:mode, value), do: value in [:auto, :read, :write]
  defp valid?(:chunk_rows, value), do: value in 1..100_000
end
