defmodule Cantilever.WebSocket do
  @moduledoc """
  Reads and writes the frames of a WebSocket ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)), for a server.

      iex> websocket = Cantilever.WebSocket.new()
      iex> from_client = <<0x81, 0x85, 1, 2, 3, 4, "igohn">>
      iex> {first, rest} = :erlang.split_binary(from_client, 8)
      iex> Cantilever.WebSocket.read(websocket, first)
      {:ok, []}
      iex> Cantilever.WebSocket.read(websocket, rest)
      {:ok, [text: "hello"]}
      iex> IO.iodata_to_binary(Cantilever.WebSocket.frame(:text, "hello"))
      <<0x81, 5, "hello">>

  It has no socket and no process of its own, begins after the handshake, and says nothing by itself: who reads a `:ping` sends the
  `:pong`, and who reads a `:close`, or an error, sends the close frame.

  ## What is read

  What a client may send by the protocol, without extensions. Chunks may be cut anywhere. Fragments are put together; pings, pongs
  and the close frame come through between them. Texts are valid UTF-8, which is checked as they come, and so are the reasons of close
  frames. After a close frame nothing is read any more, and after an error the same error is returned again.

  ## What a client can take up

  A frame is refused by its header, before any of its payload is taken in: if it is longer than `:max_frame_bytes`, or if the message that
  it belongs to would be longer than `:max_message_bytes` with it. A message may have 1,024 fragments, and one more for each 16 bytes of
  `:max_message_bytes`, as they cost time even if they are empty. For a message that is not complete, there is room for at most four times
  what has come of it; when it is complete, nothing is kept. An idle `t:t/0` takes less than 700 bytes.

  ## How it runs

  The payload is unmasked, checked and written into the binary that Elixir gets in one pass, in slices of about 20 µs between which other
  processes run: no input, however long, holds a scheduler. A short frame is read in less than a microsecond.
  """

  alias Cantilever.Native
  alias Cantilever.Options

  # To make room for the rest of a longer message takes longer than a call may.
  @most 67_108_864

  @schema [
    max_frame_bytes: [
      type: {:integer, 1, @most},
      default: 65_536,
      doc: "how long the payload of a frame may be"
    ],
    max_message_bytes: [
      type: {:integer, 1, @most},
      default: 1_048_576,
      doc: "the same for a message, over all its fragments"
    ]
  ]

  # How much fits into a ping, a pong or a close frame.
  @most_of_control 125

  @typedoc "What is known of one connection: its limits, and what is incomplete. One process at a time may read with it."
  @opaque t :: reference()

  @typedoc """
  What a client has sent. The close code is nil if its close frame has none.
  """
  @type event ::
          {:text, String.t()}
          | {:binary, binary()}
          | {:ping, binary()}
          | {:pong, binary()}
          | {:close, code :: nil | 1000..4999, reason :: String.t()}

  @typedoc """
  What a client has done wrong, as what the connection is to be closed with: a code, which is 1002 if it did not keep to the protocol, 1007
  for a text that is not UTF-8, and 1009 for what is too long; and a reason.
  """
  @type fault :: {close_code :: 1002 | 1007 | 1009, message :: String.t()}

  @typedoc "See `new/1`."
  @type option :: {:max_frame_bytes, pos_integer()} | {:max_message_bytes, pos_integer()}

  @doc """
  Returns what reads the frames of one connection.

  #{Options.docs(@schema)}

  Raises `ArgumentError` for other options.
  """
  @spec new([option()]) :: t()
  def new(options \\ []), do: options |> Options.new!(@schema, "a WebSocket") |> with_limits()

  # For who has checked the limits already, and makes thousands a second.
  @doc false
  @spec with_limits(%{
          :max_frame_bytes => pos_integer(),
          :max_message_bytes => pos_integer(),
          optional(atom()) => term()
        }) :: t()
  def with_limits(%{max_frame_bytes: frame, max_message_bytes: message}),
    do: Native.websocket_new(frame, message)

  @doc """
  Reads what has come: the events that are complete with it, in order.

      iex> websocket = Cantilever.WebSocket.new()
      iex> ping = <<0x89, 0x80, 1, 2, 3, 4>>
      iex> unmasked = <<0x81, 0x00>>
      iex> Cantilever.WebSocket.read(websocket, ping <> unmasked)
      {:error, [ping: ""], {1002, "a frame is not masked"}}

  An error comes with the events before it.

  Raises `RuntimeError` if another process is reading with the same `t:t/0`, or was killed while it did, and `ArgumentError` for what is no
  `t:t/0`, or no binary.
  """
  @spec read(t(), binary()) :: {:ok, [event()]} | {:error, [event()], fault()}
  def read(websocket, input) do
    case Native.websocket_read(websocket, input) do
      {:ok, [_, _ | _] = events} ->
        {:ok, :lists.reverse(events)}

      {:ok, _none_or_one} = read ->
        read

      {:error, events, fault} ->
        {:error, :lists.reverse(events), fault}

      {:error, :unavailable} ->
        raise "a WebSocket is read by one process at a time: another one is reading, or was killed while it did"
    end
  end

  @doc """
  Returns a frame with a whole message, or a ping or a pong.

      iex> IO.iodata_to_binary(Cantilever.WebSocket.frame(:ping, "?"))
      <<0x89, 1, "?">>

  A text has to be valid UTF-8, which is not checked here. Raises `ArgumentError` for a ping or a pong of more than 125 bytes.
  """
  @spec frame(:text | :binary | :ping | :pong, iodata()) :: iodata()
  def frame(:text, payload), do: [header(0x81, IO.iodata_length(payload)), payload]
  def frame(:binary, payload), do: [header(0x82, IO.iodata_length(payload)), payload]
  def frame(:ping, payload), do: control(0x89, payload, "a ping")
  def frame(:pong, payload), do: control(0x8A, payload, "a pong")

  @doc """
  Returns a close frame; with `nil` and `""` one that says nothing.

      iex> IO.iodata_to_binary(Cantilever.WebSocket.close_frame(1001, "bye"))
      <<0x88, 5, 1001::16, "bye">>

  Raises `ArgumentError` for a code that may not be sent, and for a reason that is not UTF-8 or has more than 123 bytes.
  """
  @spec close_frame(nil | 1000..4999, String.t()) :: iodata()
  def close_frame(nil, ""), do: <<0x88, 0>>

  def close_frame(code, reason)
      when code in 1000..1003 or code in 1007..1014 or code in 3000..4999 do
    unless is_binary(reason) and byte_size(reason) <= @most_of_control - 2 and
             String.valid?(reason) do
      raise ArgumentError,
            "the reason of a close frame must be valid UTF-8 of at most #{@most_of_control - 2} bytes, got: #{inspect(reason)}"
    end

    <<0x88, byte_size(reason) + 2, code::16, reason::binary>>
  end

  def close_frame(code, reason) do
    raise ArgumentError,
          "a close frame takes a code from 1000 to 4999 that may be sent and a reason, or nil and no reason, " <>
            "got: #{inspect(code)} and #{inspect(reason)}"
  end

  defp control(first, payload, what) do
    length = IO.iodata_length(payload)

    if length > @most_of_control,
      do: raise(ArgumentError, "#{what} holds #{@most_of_control} bytes at most, got: #{length}")

    [<<first, length>>, payload]
  end

  defp header(first, length) when length < 126, do: <<first, length>>
  defp header(first, length) when length < 65_536, do: <<first, 126, length::16>>
  defp header(first, length), do: <<first, 127, length::64>>
end
