defmodule Cantilever.JSON.Encoding do
  @moduledoc false
  # The encoding half of `Cantilever.JSON`, which delegates to these functions and describes them. The native function walks the term; what
  # only Elixir knows it asks for, and these answer: what stands for a struct, the text of an unusual key, and the
  # entries of a large map, a part at a time.

  alias Cantilever.JSON
  alias Cantilever.JSON.EncodeError
  alias Cantilever.JSON.EncodeOptions
  alias Cantilever.JSON.Encoder
  alias Cantilever.Native

  # How many entries of a large map are taken out of it at a time: some tens of microseconds' work.
  @entries 1000

  @spec encode(term(), [JSON.encode_option()]) ::
          {:ok, String.t()} | {:error, EncodeError.t() | Exception.t()}
  def encode(term, opts) do
    options = EncodeOptions.new(opts)
    catching(fn -> {:ok, run!(term, options)} end)
  end

  @spec encode!(term(), [JSON.encode_option()]) :: String.t()
  def encode!(term, opts), do: run!(term, EncodeOptions.new(opts))

  @spec encode_to_iodata(term(), [JSON.encode_option()]) ::
          {:ok, [binary()]} | {:error, EncodeError.t() | Exception.t()}
  def encode_to_iodata(term, opts) do
    options = opts |> EncodeOptions.new() |> EncodeOptions.iodata()
    catching(fn -> {:ok, run!(term, options)} end)
  end

  @spec encode_to_iodata!(term(), [JSON.encode_option()]) :: [binary()]
  def encode_to_iodata!(term, opts),
    do: run!(term, opts |> EncodeOptions.new() |> EncodeOptions.iodata())

  defp catching(fun) do
    fun.()
  rescue
    error in EncodeError ->
      {:error, error}

    error in Protocol.UndefinedError ->
      if error.protocol in [Encoder, String.Chars],
        do: {:error, error},
        else: reraise(error, __STACKTRACE__)
  end

  defp run!(term, %EncodeOptions{} = options) do
    term
    |> Native.json_encode(options.flags, options.max_depth, options.pretty)
    |> answer(options)
  end

  defp answer(written, _options) when is_binary(written) or is_list(written), do: written

  defp answer({:ask, what, about, paused, kept}, options) do
    paused
    |> Native.json_encode_go_on(kept, answer_to(what, about, options))
    |> answer(options)
  end

  defp answer({:error, reason, byte, value, path}, _options),
    do: raise(EncodeError, reason: reason, byte: byte, value: value, path: path)

  # What Elixir knows and the native function does not: see `Cantilever.Native.json_encode/4`.
  @doc false
  @spec answer_to(:value | :key | :pairs, term(), EncodeOptions.t()) :: term()
  def answer_to(:value, struct, options), do: Encoder.encode(struct, options.given)
  def answer_to(:key, key, _options) when is_list(key), do: chardata(key)
  def answer_to(:key, key, _options), do: String.Chars.to_string(key)

  def answer_to(:pairs, map, _options) when is_map(map),
    do: take(:maps.iterator(map), @entries, [])

  def answer_to(:pairs, iterator, _options), do: take(iterator, @entries, [])

  defp chardata(list) do
    List.to_string(list)
  rescue
    error in [ArgumentError, UnicodeConversionError] ->
      reraise Protocol.UndefinedError,
              [protocol: String.Chars, value: list, description: Exception.message(error)],
              __STACKTRACE__
  end

  # The entries of an iterator as `[key, value, …]`, and the rest of it.
  defp take(iterator, 0, taken), do: {Enum.reverse(taken), iterator}

  defp take(iterator, left, taken) do
    case :maps.next(iterator) do
      {key, value, iterator} -> take(iterator, left - 1, [value, key | taken])
      :none -> {Enum.reverse(taken), nil}
    end
  end
end
