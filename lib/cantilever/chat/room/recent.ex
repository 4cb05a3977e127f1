defmodule Cantilever.Chat.Room.Recent do
  @moduledoc false
  # The last messages of a room, for members that have missed only a few.

  alias Cantilever.Chat.Message

  @enforce_keys [:size]
  defstruct [:size, last_seq: 0, messages: :queue.new(), count: 0]

  @type t :: %__MODULE__{
          size: non_neg_integer,
          last_seq: non_neg_integer,
          messages: :queue.queue(Message.t()),
          count: non_neg_integer
        }

  @spec new(non_neg_integer, [Message.t()]) :: t
  def new(size, messages), do: add(%__MODULE__{size: size}, messages)

  @doc "Adds messages, the oldest first, that follow on the last one."
  @spec add(t, [Message.t()]) :: t
  def add(recent, messages), do: Enum.reduce(messages, recent, &add_one(&2, &1))

  defp add_one(%{count: count, size: size} = recent, message) when count < size do
    %{
      recent
      | messages: :queue.in(message, recent.messages),
        count: count + 1,
        last_seq: message.seq
    }
  end

  defp add_one(%{size: 0} = recent, message), do: %{recent | last_seq: message.seq}

  defp add_one(recent, message) do
    messages = :queue.in(message, :queue.drop(recent.messages))
    %{recent | messages: messages, last_seq: message.seq}
  end

  @doc "The messages after `seq`, unless some of them are not here."
  @spec after_seq(t, non_neg_integer | nil) :: [Message.t()] | :read_store
  def after_seq(_recent, nil), do: []
  def after_seq(%{last_seq: last}, seq) when seq >= last, do: []

  def after_seq(recent, seq) do
    case :queue.peek(recent.messages) do
      {:value, %{seq: first}} when first <= seq + 1 ->
        recent.messages |> :queue.to_list() |> Enum.drop_while(&(&1.seq <= seq))

      _too_new ->
        :read_store
    end
  end
end
