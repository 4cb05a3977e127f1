defmodule Cantilever.JSON.Encoding do
  @moduledoc false
  # The encoding half of `Cantilever.JSON`, which delegates to these functions. The native function walks the term; what
  # only Elixir knows it asks for, and these answer: what stands for a struct, the text of an unusual key, and the
  # entries of a large map, a part at a time.

  alias Cantilever.JSON.EncodeError
  alias Cantilever.JSON.EncodeOptions
  alias Cantilever.JSON.Encoder
  alias Cantilever.Native

  # How many entries of a large map are taken out of it at a time: some tens of microseconds' work.
  @entries 1000

  @typedoc """
  How to write:

    * `:escape` - which characters are escaped besides those that JSON cannot hold: none (`:json`, the default); the
      line separators U+2028 and U+2029 (`:javascript`); those and `<`, `>`, `&` and `/`, for text that is put into a page
      (`:html`); or all that are not ASCII (`:unicode`). Jason's `:javascript_safe`, `:html_safe` and `:unicode_safe` are
      taken too
    * `:pretty` - whether to write each value on a line of its own, indented: `true`, or a list with `:indent` (two
      spaces), `:line_separator` (`"\\n"`) and `:after_colon` (a space). `false` by default
    * `:maps` - whether it is an error if two keys of a map are written alike, such as `1` and `"1"`: `:strict`, or
      `:naive`, the default, with which both are written
    * `:max_depth` - how deep lists and maps may be nested: 10,000 by default, `:infinity` for any depth
  """
  @type option() ::
          {:escape,
           :json
           | :javascript
           | :html
           | :unicode
           | :javascript_safe
           | :html_safe
           | :unicode_safe}
          | {:pretty,
             boolean()
             | [indent: String.t(), line_separator: String.t(), after_colon: String.t()]}
          | {:maps, :naive | :strict}
          | {:max_depth, pos_integer() | :infinity}

  @doc """
  Writes a term as JSON.

      iex> Cantilever.JSON.encode(%{"a" => [1, 2.5, nil, true, "é"]})
      {:ok, ~s({"a":[1,2.5,null,true,"é"]})}

      iex> {:error, error} = Cantilever.JSON.encode(%{"a" => [{1, 2}]})
      iex> error.path
      ["a", 0]

  Maps become objects, whose keys are strings, atoms, numbers, or anything else that has `String.Chars`; lists become
  arrays; atoms other than `nil`, `true` and `false` become strings; floats have the fewest digits that give the same
  float again; integers are exact at any size. Structs say themselves what they become, through
  `Cantilever.JSON.Encoder`. Keyword lists are refused, as they are no arrays, and their keys may repeat.

  The call yields: however large the term is, no scheduler is held for longer than some microseconds. If its process is
  killed, it stops, and what it had written is freed.

  Returns `{:error, error}` with a `Cantilever.JSON.EncodeError` for what JSON has nothing for, and with a
  `Protocol.UndefinedError` for a struct without an encoder, or a key without a text. Raises an `ArgumentError` that
  names the option if one is unknown or wrong. What an encoder raises is not caught. See `t:option/0` for the options.
  """
  @spec encode(term(), [option()]) ::
          {:ok, String.t()} | {:error, EncodeError.t() | Exception.t()}
  def encode(term, opts \\ []) do
    options = EncodeOptions.new(opts)
    catching(fn -> {:ok, run!(term, options)} end)
  end

  @doc """
  Writes a term as JSON, and raises what `encode/2` returns as an error.

      iex> Cantilever.JSON.encode!([1, %{a: "</script>"}], escape: :html)
      ~S([1,{"a":"\\u003C\\/script\\u003E"}])

      iex> Cantilever.JSON.encode!(%{a: [1, []]}, pretty: true)
      ~s({\\n  "a": [\\n    1,\\n    []\\n  ]\\n})
  """
  @spec encode!(term(), [option()]) :: String.t()
  def encode!(term, opts \\ []), do: run!(term, EncodeOptions.new(opts))

  @doc """
  Writes a term as JSON, as a list of binaries.

  Each of them has about 64 kB, so that none of a large document is ever moved while it is written. Sockets and files
  take such a list as it is. See `encode/2`.

      iex> {:ok, iodata} = Cantilever.JSON.encode_to_iodata([1, 2])
      iex> IO.iodata_to_binary(iodata)
      "[1,2]"
  """
  @spec encode_to_iodata(term(), [option()]) ::
          {:ok, [binary()]} | {:error, EncodeError.t() | Exception.t()}
  def encode_to_iodata(term, opts \\ []) do
    options = opts |> EncodeOptions.new() |> EncodeOptions.iodata()
    catching(fn -> {:ok, run!(term, options)} end)
  end

  @doc """
  Writes a term as JSON, as a list of binaries, and raises what `encode_to_iodata/2` returns as an error.

      iex> Cantilever.JSON.encode_to_iodata!([1, 2])
      ["[1,2]"]
  """
  @spec encode_to_iodata!(term(), [option()]) :: [binary()]
  def encode_to_iodata!(term, opts \\ []),
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
