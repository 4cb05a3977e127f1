defmodule Cantilever.JSON.Decoder do
  @moduledoc """
  Reads a JSON document that comes in chunks.

      iex> decoder = Cantilever.JSON.Decoder.new()
      iex> :more = Cantilever.JSON.Decoder.feed(decoder, ~S({"a": [1, 2))
      iex> :more = Cantilever.JSON.Decoder.feed(decoder, ~S(3], "b": ))
      iex> :more = Cantilever.JSON.Decoder.feed(decoder, "nul")
      iex> :more = Cantilever.JSON.Decoder.feed(decoder, "l}")
      iex> Cantilever.JSON.Decoder.finish(decoder)
      {:ok, %{"a" => [1, 23], "b" => nil}}

  However a document is cut into chunks, inside a number, an escape or a character, the result is that of
  `Cantilever.JSON.decode/2` for the whole. What has been read is kept as terms, and of the text no more than the token that is
  not complete.

  A decoder is a handle to native memory, which feeding changes: it is for one process at a time and for one document. It is
  freed when nobody refers to it any more, whatever state it is in.
  """

  alias Cantilever.JSON.{DecodeError, DecodeOptions}
  alias Cantilever.Native

  @unavailable "the decoder's document has ended or was wrong, or another process feeds it right now: " <>
                 "make a decoder for each document, and feed it from one process"

  @enforce_keys [:handle]
  defstruct [:handle]

  @type t() :: %__MODULE__{handle: reference()}

  @doc """
  Returns a decoder at the start of a document.

  The options are those of `Cantilever.JSON.decode/2`, of which `:strings` has no effect, as there is no whole document
  that a string could be a part of. Raises `ArgumentError` for others.
  """
  @spec new([Cantilever.JSON.decode_option()]) :: t()
  def new(options \\ []), do: open(options, false)

  # Of the elements of an array, which `feed_elements/3` returns as they are complete.
  @doc false
  @spec new_of_elements([Cantilever.JSON.decode_option()]) :: t()
  def new_of_elements(options), do: open(options, true)

  defp open(options, elements?) do
    %__MODULE__{handle: Native.json_decoder_new(DecodeOptions.for_native(options), elements?)}
  end

  @doc """
  Reads the next chunk.

  Returns `:more`, or what is wrong, which no later chunk can mend. The document is not complete before `finish/1` says
  so: a number might go on.

  Raises `ArgumentError` if the document has ended or was wrong, or while another process feeds the decoder.
  """
  @spec feed(t(), iodata()) :: :more | {:error, DecodeError.t()}
  def feed(%__MODULE__{} = decoder, chunk) do
    case read(decoder, chunk, false) do
      :more -> :more
      {:error, error} -> {:error, error}
    end
  end

  @doc """
  Returns the document, all of which was fed.

      iex> decoder = Cantilever.JSON.Decoder.new()
      iex> Cantilever.JSON.Decoder.feed(decoder, "12")
      iex> Cantilever.JSON.Decoder.finish(decoder)
      {:ok, 12}

  Raises `ArgumentError` as `feed/2` does.
  """
  @spec finish(t()) :: {:ok, Cantilever.JSON.value()} | {:error, DecodeError.t()}
  def finish(%__MODULE__{} = decoder), do: read(decoder, "", true)

  # The elements that are complete with the chunk, and what is wrong after them.
  @doc false
  @spec feed_elements(t(), iodata(), boolean()) ::
          {[Cantilever.JSON.value()], nil | DecodeError.t()}
  def feed_elements(decoder, chunk, last?) do
    case read(decoder, chunk, last?) do
      :more -> {[], nil}
      {:ok, elements} -> {elements, nil}
      {:ok, elements, error} -> {elements, error}
      {:error, error} -> {[], error}
    end
  end

  defp read(decoder, chunk, last?) do
    tag = make_ref()

    case Native.json_decoder_feed(decoder.handle, IO.iodata_to_binary(chunk), last?, tag) do
      :sent ->
        receive do: ({^tag, term} -> {:ok, term})

      {:sent, failure} ->
        receive do: ({^tag, term} -> {:ok, term, DecodeError.from_native(failure)})

      :more ->
        :more

      {:error, :unavailable} ->
        raise ArgumentError, @unavailable

      failure ->
        {:error, DecodeError.from_native(failure)}
    end
  end
end
