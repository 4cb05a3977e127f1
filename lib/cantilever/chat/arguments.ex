defmodule Cantilever.Chat.Arguments do
  @moduledoc false
  # What the chat takes from outside. Whatever passes here may go into processes, keys of registries and the store.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Error
  alias Cantilever.JSON

  @longest_id 255
  @largest_sequence 0x7FFF_FFFF_FFFF_FFFF
  @largest_limit 1_000
  @largest_shown 2 ** 128

  @spec room_id(term) :: :ok | {:error, Error.t()}
  def room_id(id), do: text(id, :invalid_room_id, "room id")

  @spec user_id(term) :: :ok | {:error, Error.t()}
  def user_id(id), do: text(id, :invalid_user_id, "user id")

  @spec message_id(term) :: :ok | {:error, Error.t()}
  def message_id(nil), do: :ok
  def message_id(id), do: text(id, :invalid_message_id, "message id")

  @own_events ~w(message gap dropped presence_state presence_diff joined)

  @spec event(term) :: :ok | {:error, Error.t()}
  def event("phx_" <> _ = event), do: own_event(event)
  def event(event) when event in @own_events, do: own_event(event)
  def event(event), do: text(event, :invalid_event, "event")

  defp own_event(event),
    do: error(:invalid_event, "the event #{shown(event)} is the chat's own")

  @spec sequence(term) :: :ok | {:error, Error.t()}
  def sequence(nil), do: :ok
  def sequence(seq) when is_integer(seq) and seq in 0..@largest_sequence, do: :ok

  def sequence(seq),
    do:
      error(
        :invalid_sequence,
        "a sequence number is an integer from 0 to 2^63 - 1, got: #{shown(seq)}"
      )

  @spec limit(term) :: :ok | {:error, Error.t()}
  def limit(limit) when is_integer(limit) and limit in 1..@largest_limit, do: :ok

  def limit(limit),
    do:
      error(
        :invalid_limit,
        "a limit is an integer from 1 to #{@largest_limit}, got: #{shown(limit)}"
      )

  @doc "The payload as JSON, in the process of whoever sends it."
  @spec payload(term, pos_integer) :: {:ok, binary} | {:error, Error.t()}
  def payload(payload, max_bytes) do
    case JSON.encode(payload) do
      {:ok, json} when byte_size(json) <= max_bytes ->
        {:ok, json}

      {:ok, json} ->
        error(
          :payload_too_large,
          "the payload has #{byte_size(json)} bytes of JSON, and max_payload_bytes allows #{max_bytes}"
        )

      {:error, refused} ->
        error(:invalid_payload, "the payload: #{Exception.message(refused)}")
    end
  end

  @spec timeout!(term) :: non_neg_integer
  def timeout!(timeout) when is_integer(timeout) and timeout in 0..0xFFFFFFFF, do: timeout

  def timeout!(timeout) do
    raise ArgumentError,
          "the option :timeout must be a number of milliseconds (an integer from 0 to 4_294_967_295), got: #{shown(timeout)}"
  end

  @doc "The options of one call: `defaults` with what is given, or raises for what is unknown."
  @spec options!(keyword, keyword, String.t()) :: map
  def options!(given, defaults, call) do
    unless Keyword.keyword?(given),
      do: raise(ArgumentError, "the options of #{call} are a keyword list, got: #{shown(given)}")

    Enum.each(given, fn {key, _value} ->
      unless Keyword.has_key?(defaults, key) do
        raise ArgumentError,
              "unknown option #{inspect(key)} for #{call}; the options are #{Enum.map_join(defaults, ", ", &inspect(elem(&1, 0)))}"
      end
    end)

    defaults |> Keyword.merge(given) |> Map.new()
  end

  defp text(id, reason, name) do
    if is_binary(id) and byte_size(id) in 1..@longest_id and String.valid?(id),
      do: :ok,
      else:
        error(
          reason,
          "a #{name} is a text of 1 to #{@longest_id} bytes of UTF-8, got: #{shown(id)}"
        )
  end

  # What comes from outside may be as large as the memory.
  defp shown(value) when is_binary(value) and byte_size(value) > 100,
    do: "#{inspect(binary_part(value, 0, 60), printable_limit: 60)}… of #{byte_size(value)} bytes"

  # To write all digits of a number takes the square of their count.
  defp shown(value) when is_integer(value) and abs(value) >= @largest_shown,
    do: "an integer of more than 128 bits"

  defp shown(value), do: inspect(value, limit: 5, printable_limit: 60)
end
