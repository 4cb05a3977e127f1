defmodule Cantilever.Chat.Entry do
  @moduledoc """
  What is to become a `Cantilever.Chat.Message`: all of it but its place in the room and its time.

      iex> entry = %Cantilever.Chat.Entry{room_id: "lobby", user_id: "ada", id: "a1", json: ~S({"text":"Hello"})}
      iex> Cantilever.Chat.Entry.check(entry)
      :ok
  """

  @enforce_keys [:room_id, :user_id, :json]
  defstruct [:room_id, :user_id, :id, :json]

  @typedoc "`id` is the sender's own name for it, by which a second sending is known."
  @type t :: %__MODULE__{
          room_id: String.t(),
          user_id: String.t(),
          id: String.t() | nil,
          json: String.t()
        }

  @doc """
  Whether every field is the text that it must be.

      iex> Cantilever.Chat.Entry.check(%Cantilever.Chat.Entry{room_id: "lobby", user_id: :ada, json: "{}"})
      {:error, "user_id must be a text of valid UTF-8, got: :ada"}

  Whether `json` is JSON is not looked at: who made the entry has just encoded it.
  """
  @spec check(t) :: :ok | {:error, String.t()}
  def check(%__MODULE__{} = entry) do
    cond do
      not text?(entry.room_id) -> wrong(:room_id, entry.room_id)
      not text?(entry.user_id) -> wrong(:user_id, entry.user_id)
      not (is_nil(entry.id) or text?(entry.id)) -> wrong(:id, entry.id)
      not text?(entry.json) -> wrong(:json, entry.json)
      true -> :ok
    end
  end

  defp text?(value), do: is_binary(value) and String.valid?(value)

  defp wrong(field, value) do
    shown = inspect(value, limit: 10, printable_limit: 100)
    {:error, "#{field} must be a text of valid UTF-8, got: #{shown}"}
  end
end
