defmodule Cantilever.Chat.Socket.Channels do
  @moduledoc false
  # The channels of a client, as it sees them: for each room the join that counts, or how far it had come when the room was lost.

  @typedoc "What a client calls a join; nil for one that has given none."
  @type join_ref :: String.t() | nil

  @type t :: %{
          (room_id :: String.t()) =>
            {:open, join_ref} | {:errored, last_seq :: non_neg_integer | nil}
        }

  @spec open(t, String.t(), join_ref) :: t
  def open(channels, room_id, join_ref), do: Map.put(channels, room_id, {:open, join_ref})

  @spec error(t, String.t(), last_seq :: non_neg_integer | nil) :: t
  def error(channels, room_id, last_seq), do: Map.put(channels, room_id, {:errored, last_seq})

  @spec close(t, String.t()) :: t
  def close(channels, room_id), do: Map.delete(channels, room_id)

  @doc "Closes the channel of this join, unless another join has taken its place."
  @spec close(t, String.t(), join_ref) :: t
  def close(channels, room_id, join_ref),
    do: if(open?(channels, room_id, join_ref), do: close(channels, room_id), else: channels)

  @doc "Whether the client has joined, and was not told that it has to join again."
  @spec open?(t, String.t(), join_ref) :: boolean
  def open?(channels, room_id, join_ref),
    do: match?(%{^room_id => {:open, ^join_ref}}, channels)

  @doc "The join that is open, or nil."
  @spec join_ref(t, String.t()) :: join_ref
  def join_ref(channels, room_id) do
    case channels do
      %{^room_id => {:open, join_ref}} -> join_ref
      _none -> nil
    end
  end

  # Clients that do not name the join mean the newest one.
  @doc "Whether what comes with this `join_ref` is of the newest join."
  @spec current?(t, String.t(), join_ref) :: boolean
  def current?(_channels, _room_id, nil), do: true

  def current?(channels, room_id, join_ref) do
    case channels do
      %{^room_id => {:open, newest}} -> newest == join_ref
      %{^room_id => {:errored, _last_seq}} -> true
      _none -> false
    end
  end

  @doc "Whether it is of an earlier join."
  @spec stale?(t, String.t(), join_ref) :: boolean
  def stale?(channels, room_id, join_ref),
    do: is_map_key(channels, room_id) and not current?(channels, room_id, join_ref)
end
