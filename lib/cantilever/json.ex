defmodule Cantilever.JSON do
  @moduledoc """
  JSON that is read and written in Rust, without ever holding a scheduler.

      iex> Cantilever.JSON.decode!(~S({"id": 1, "tags": ["a", null]}))
      %{"id" => 1, "tags" => ["a", nil]}

  It is called as Jason is, so that it goes wherever a library asks for a module with `decode!/1`, `encode!/1` and
  `encode_to_iodata!/1`:

      config :phoenix, :json_library, Cantilever.JSON

  ## What is read

  What [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) allows and nothing else. Strings are valid UTF-8, without lone
  surrogates. Integers of any size are integers, and floats are right to the last bit; one that no float is as large as, like
  `1e400`, is an error and not infinity. What comes after the document, a byte order mark before it, and anything else that
  is wrong, is a `Cantilever.JSON.DecodeError` that says at which byte, what was expected, and what was found.

  ## How it runs

  Up to 8 KiB are read in one go, which takes some microseconds. Longer documents are read in slices of about 20 µs
  between which the scheduler turns to other processes, however long a document or one of its strings is. Their terms are made on
  a heap of their own and handed to the caller as a message, which copies nothing; what the VM can only do in one piece, a map of
  more than 1,024 keys or an integer of more than 2,000 digits, is done on a dirty scheduler.

  > #### Long strings {: .info}
  >
  > The VM keeps each string of more than 64 bytes apart from the heap, and takes some 0.2 µs to take it over from a message, and as
  > long to free it, without turning to other processes in between. So a document with 30,000 of them holds a scheduler for
  > about 5 ms when it is received, and again when its process ends, whoever decodes it. Read such documents by
  > `stream_elements/2`, an element at a time.

  When the caller dies, reading stops, and all of its memory is freed.

  > #### The collector {: .info}
  >
  > A large document is a large heap, which the collector copies when it runs, on a dirty scheduler. Who reads megabytes again
  > and again keeps this away from others with a process for each document that has room for all of it, and so never collects:
  >
  >     {pid, monitor} = :erlang.spawn_opt(work, [:monitor, min_heap_size: 16 * div(byte_size(document), 8)])
  """

  alias Cantilever.JSON.{DecodeError, DecodeOptions, EncodeError, Encoding, OrderedObject}
  alias Cantilever.Native

  @typedoc "What `decode/2` returns. `OrderedObject` and `Decimal` stand in it only if they are asked for."
  @type value() ::
          nil
          | boolean()
          | number()
          | String.t()
          | [value()]
          | %{optional(String.t() | atom()) => value()}
          | OrderedObject.t()
          | struct()

  @typedoc """
  How a document is read:

    * `:keys` - what the keys of objects become: `:strings` (the default); `:atoms!`, atoms that there are already, and anything
      else is an error; `:atoms`, also new ones, up to `:max_new_atoms` for each document. Atoms are never collected, so
      `:atoms` is for documents from those who could as well change the code.
    * `:floats` - what numbers with a fraction or an exponent become: `:native`, floats (the default), or `:decimals`, structs of
      the library `Decimal`
    * `:strings` - whether strings are copies or parts of the input. A part costs no copy, but keeps all of the input alive.
      `:auto` (the default) makes those parts that take up at least half of the input; `:copy` none; `:reference` all of more
      than 64 bytes that have no escapes.
    * `:objects` - what objects become: `:maps` (the default) or `:ordered`, a `Cantilever.JSON.OrderedObject` each, which keeps
      the order and all members of the same key
    * `:duplicates` - what a key means that the object has already: `:last`, that its value counts (the default), or `:error`.
      With `:ordered`, `:last` keeps all.
    * `:max_depth` - how many arrays and objects may be within each other: 1,024 by default, `:infinity` for any number
    * `:max_bytes` - how long a document may be, or an element of `stream_elements/2`, or a line; `:infinity` by default
    * `:max_new_atoms` - 1,000 by default; of `stream_lines/2` for each line
  """
  @type decode_option() ::
          {:keys, :strings | :atoms! | :atoms}
          | {:floats, :native | :decimals}
          | {:strings, :auto | :copy | :reference}
          | {:objects, :maps | :ordered}
          | {:duplicates, :last | :error}
          | {:max_depth, pos_integer() | :infinity}
          | {:max_bytes, pos_integer() | :infinity}
          | {:max_new_atoms, non_neg_integer()}

  @typedoc """
  How a term is written:

    * `:escape` - which characters are escaped besides those that JSON cannot hold: none (`:json`, the default); the
      line separators U+2028 and U+2029 (`:javascript`); those and `<`, `>`, `&` and `/`, for text that is put into a page
      (`:html`); or all that are not ASCII (`:unicode`). Jason's `:javascript_safe`, `:html_safe` and `:unicode_safe` are
      taken too
    * `:pretty` - whether to write each value on a line of its own, indented: `true`, or a list with `:indent` (two
      spaces), `:line_separator` (`"\\n"`) and `:after_colon` (a space). `false` by default
    * `:maps` - whether it is an error if two keys of a map are written alike, such as `1` and `"1"`: `:strict`, or
      `:naive`, the default, with which both are written
    * `:max_depth` - how deep lists and maps may be nested: 1,024 by default, `:infinity` for any depth
  """
  @type encode_option() ::
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

  # Up to this many bytes are read in one go, which takes about 100 µs at worst.
  @short_bytes 8192

  @doc """
  Reads a document.

      iex> Cantilever.JSON.decode("[1, 2.0, 1e2, 123456789012345678901234567890]")
      {:ok, [1, 2.0, 100.0, 123456789012345678901234567890]}
      iex> {:error, error} = Cantilever.JSON.decode("[1 2]")
      iex> Exception.message(error)
      ~S(expected , or ], found 2 at byte 3, between "[1 " and "2]")

  Raises `ArgumentError` for options that there are not, and for input that is no iodata.
  """
  @spec decode(iodata(), [decode_option()]) :: {:ok, value()} | {:error, DecodeError.t()}
  def decode(input, options \\ []), do: decode_checked(input, DecodeOptions.for_native(options))

  # For who has the same options each time, and many short documents: to check them takes as long as to read one.
  @doc false
  @spec decode_checked(iodata(), nil | tuple()) :: {:ok, value()} | {:error, DecodeError.t()}
  def decode_checked(input, options) do
    case read(input, options) do
      {:error, _reason, _expected, _position, _before, _rest} = failure ->
        {:error, DecodeError.from_native(failure)}

      term ->
        {:ok, term}
    end
  end

  @doc """
  As `decode/2`, but returns the term itself and raises a `Cantilever.JSON.DecodeError`.

      iex> Cantilever.JSON.decode!(~S({"a": {"b": 1}}), keys: :atoms!)
      %{a: %{b: 1}}
  """
  @spec decode!(iodata(), [decode_option()]) :: value()
  def decode!(input, options \\ []) do
    case read(input, DecodeOptions.for_native(options)) do
      {:error, _reason, _expected, _position, _before, _rest} = failure ->
        raise DecodeError.from_native(failure)

      term ->
        term
    end
  end

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
  names the option if one is unknown or wrong. What an encoder raises is not caught. See `t:encode_option/0` for the options.
  """
  @spec encode(term(), [encode_option()]) ::
          {:ok, String.t()} | {:error, EncodeError.t() | Exception.t()}
  def encode(term, options \\ []), do: Encoding.encode(term, options)

  @doc """
  Writes a term as JSON, and raises what `encode/2` returns as an error.

      iex> Cantilever.JSON.encode!([1, %{a: "</script>"}], escape: :html)
      ~S([1,{"a":"\\u003C\\/script\\u003E"}])

      iex> Cantilever.JSON.encode!(%{a: [1, []]}, pretty: true)
      ~s({\\n  "a": [\\n    1,\\n    []\\n  ]\\n})
  """
  @spec encode!(term(), [encode_option()]) ::
          String.t()
  def encode!(term, options \\ []), do: Encoding.encode!(term, options)

  @doc """
  Writes a term as JSON, as a list of binaries.

  Each of them has about 64 kB, so that none of a large document is ever moved while it is written. Sockets and files
  take such a list as it is. See `encode/2`.

      iex> {:ok, iodata} = Cantilever.JSON.encode_to_iodata([1, 2])
      iex> IO.iodata_to_binary(iodata)
      "[1,2]"
  """
  @spec encode_to_iodata(term(), [encode_option()]) ::
          {:ok, [binary()]} | {:error, EncodeError.t() | Exception.t()}
  def encode_to_iodata(term, options \\ []), do: Encoding.encode_to_iodata(term, options)

  @doc """
  Writes a term as JSON, as a list of binaries, and raises what `encode_to_iodata/2` returns as an error.

      iex> Cantilever.JSON.encode_to_iodata!([1, 2])
      ["[1,2]"]
  """
  @spec encode_to_iodata!(term(), [encode_option()]) ::
          [binary()]
  def encode_to_iodata!(term, options \\ []), do: Encoding.encode_to_iodata!(term, options)

  @doc """
  Returns a lazy stream of the elements of an array, which comes in chunks.

      iex> ["[1, {\\"a\\"", ": 2}, ", "[]]"] |> Cantilever.JSON.stream_elements() |> Enum.to_list()
      [1, %{"a" => 2}, []]

  For an array that is too large to be held: the stream keeps no more than one chunk and the elements that it has
  completed, so `File.stream!("items.json", [], 65_536)` is read in constant memory.

  The options are those of `Cantilever.JSON.Decoder.new/1`; `:max_bytes` is that of one element. The stream raises a
  `Cantilever.JSON.DecodeError`, after the elements before it, where the document is wrong or anything else than an array.
  """
  @spec stream_elements(Enumerable.t(), [decode_option()]) :: Enumerable.t()
  def stream_elements(chunks, options \\ []) do
    _ = DecodeOptions.for_native(options)
    Cantilever.JSON.Stream.elements(chunks, options)
  end

  @doc """
  Returns a lazy stream of documents of a line each ([NDJSON](https://github.com/ndjson/ndjson-spec)), each with the number of
  its line.

      iex> ["1\\n[2]\\n\\n{", "}\\nnul\\n"] |> Cantilever.JSON.stream_lines() |> Enum.take(3)
      [{1, {:ok, 1}}, {2, {:ok, [2]}}, {4, {:ok, %{}}}]

  The input is text in chunks of any length, such as `File.stream!("events.ndjson", [], 65_536)`. Empty lines are left out.
  A line that is wrong is an error for itself, `{number, {:error, %Cantilever.JSON.DecodeError{}}}`, and the stream goes on. The
  options are those of `decode/2`.
  """
  @spec stream_lines(Enumerable.t(), [decode_option()]) :: Enumerable.t()
  def stream_lines(chunks, options \\ []) do
    _ = DecodeOptions.for_native(options)
    Cantilever.JSON.Stream.lines(chunks, options)
  end

  defp read(input, nil) when is_binary(input) and byte_size(input) <= @short_bytes do
    Native.json_decode_short(input, nil)
  end

  defp read(input, options) do
    input = if is_binary(input), do: input, else: IO.iodata_to_binary(input)
    max_bytes = DecodeOptions.max_bytes(options)

    cond do
      byte_size(input) > max_bytes ->
        DecodeOptions.too_many_bytes(max_bytes)

      byte_size(input) <= @short_bytes ->
        Native.json_decode_short(input, options)

      true ->
        read_long(input, options)
    end
  end

  # The message is in the mailbox when the native function has returned. As the tag was made here, the mailbox is not searched
  # for it.
  defp read_long(input, options) do
    tag = make_ref()

    case Native.json_decode_long(input, options, tag) do
      :sent -> receive do: ({^tag, term} -> term)
      term_or_failure -> term_or_failure
    end
  end
end
