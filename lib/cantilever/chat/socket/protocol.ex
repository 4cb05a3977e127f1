defmodule Cantilever.Chat.Socket.Protocol do
  @moduledoc false
  # The frames of Phoenix Channels, version 2 of their JSON: `[join_ref, ref, topic, event, payload]`, and binary frames where a payload is bytes.
  # https://hexdocs.pm/phoenix/writing_a_channels_client.html

  alias Cantilever.JSON
  alias Cantilever.JSON.DecodeOptions

  # What is answered with the same payload has to be written again, within more.
  @decode_options DecodeOptions.for_native(max_depth: 256)

  @push 0
  @reply 1

  @typedoc "What a client has sent. Refs are the client's own, to know the answers by."
  @type request :: %{
          join_ref: String.t() | nil,
          ref: String.t() | nil,
          topic: String.t(),
          event: String.t(),
          payload: JSON.value() | {:binary, binary}
        }

  @type refs :: {join_ref :: String.t() | nil, ref :: String.t() | nil}

  @spec read(binary, :text | :binary) :: {:ok, request} | {:error, String.t()}
  def read(text, :text) do
    case JSON.decode_checked(text, @decode_options) do
      {:ok, [join_ref, ref, topic, event, payload]}
      when (is_binary(join_ref) or join_ref == nil) and (is_binary(ref) or ref == nil) and
             is_binary(topic) and is_binary(event) ->
        {:ok, %{join_ref: join_ref, ref: ref, topic: topic, event: event, payload: payload}}

      {:ok, _other} ->
        {:error, "no array of join_ref, ref, topic, event and payload"}

      {:error, error} ->
        {:error, Exception.message(error)}
    end
  end

  def read(
        <<@push, join_ref_size, ref_size, topic_size, event_size,
          join_ref::binary-size(join_ref_size), ref::binary-size(ref_size),
          topic::binary-size(topic_size), event::binary-size(event_size), data::binary>>,
        :binary
      ) do
    # They outlive the frame, which may be large.
    [join_ref, ref, topic, event] =
      texts = Enum.map([join_ref, ref, topic, event], &:binary.copy/1)

    if Enum.all?(texts, &String.valid?/1) do
      {:ok,
       %{
         join_ref: some(join_ref),
         ref: some(ref),
         topic: topic,
         event: event,
         payload: {:binary, data}
       }}
    else
      {:error, "a push whose refs, topic and event are not UTF-8"}
    end
  end

  def read(_bytes, :binary), do: {:error, "no binary push"}

  @doc "A message of the server, as text."
  @spec push(refs, String.t(), String.t(), term) :: {:text, binary}
  def push({join_ref, ref}, topic, event, payload),
    do: {:text, JSON.encode!([join_ref, ref, topic, event, payload])}

  @doc "An answer: a term, JSON that is ready, or bytes, which go into a binary frame."
  @spec reply(refs, String.t(), :ok | :error, term | {:json, iodata} | {:binary, binary}) ::
          {:text | :binary, iodata}
  def reply({join_ref, ref}, topic, status, {:binary, data}) do
    fields = [join_ref || "", ref || "", topic, Atom.to_string(status)]

    # A size is one byte.
    if Enum.all?(fields, &(byte_size(&1) < 256)),
      do: {:binary, [@reply, Enum.map(fields, &byte_size/1), fields, data]},
      else:
        reply({join_ref, ref}, topic, :error, %{
          reason: :invalid_topic,
          message: "a binary answer needs refs and a topic of up to 255 bytes"
        })
  end

  def reply({join_ref, ref}, topic, status, {:json, json}) do
    fields = Enum.map_intersperse([join_ref, ref, topic, "phx_reply"], ?,, &JSON.encode!/1)
    {:text, [?[, fields, ~s(,{"status":"#{status}","response":), json, "}]"]}
  end

  def reply(refs, topic, status, response),
    do: push(refs, topic, "phx_reply", %{status: status, response: response})

  @doc "The answer to what is refused."
  @spec refusal(refs, String.t(), {reason :: atom, message :: String.t()}) ::
          {:text | :binary, iodata}
  def refusal(refs, topic, {reason, message}),
    do: reply(refs, topic, :error, %{reason: reason, message: message})

  @doc "What a client is told of an error."
  @spec reason(%{:reason => atom, optional(atom) => term} | {atom, String.t()}) ::
          {reason :: atom, message :: String.t()}
  def reason(%{reason: reason} = error), do: {reason, Exception.message(error)}
  def reason({_reason, _message} = reason), do: reason

  @doc "The refs of a request, which its answer has."
  @spec refs(request) :: refs
  def refs(%{join_ref: join_ref, ref: ref}), do: {join_ref, ref}

  @doc "The text of what all members of a topic get, around a payload that is JSON already."
  @spec broadcast(String.t(), String.t(), iodata) :: iodata
  def broadcast(topic, event, json),
    do: ["[null,null,", JSON.encode!(topic), ?,, JSON.encode!(event), ?,, json, ?]]

  defp some(""), do: nil
  defp some(text), do: text
end
