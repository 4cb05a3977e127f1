defmodule Cantilever.Chat.Room.Presence do
  @moduledoc false
  # What the members of a room have been told of who is there. Changes are gathered, and told a few times a second at most.

  defstruct told: %{}, newcomers: [], timer: nil

  @typedoc "The users of a room, with a mark for each of their connections there; nil where too many are there to tell."
  @type users :: %{String.t() => [String.t(), ...]} | nil

  @type t :: %__MODULE__{
          told: users,
          # Members that have not been told anything yet.
          newcomers: [pid],
          timer: reference | nil
        }

  @type news :: {event :: String.t(), payload :: map}

  @doc "What is to be told now: to the members that were told before, and to those that were not."
  @spec news(t, users, String.t()) :: {to_all :: news | nil, to_newcomers :: news | nil, t}
  def news(%{told: told, newcomers: newcomers}, now, room_id) do
    to_newcomers = if newcomers != [] and now != nil, do: state(now, room_id)
    {change(told, now, room_id), to_newcomers, %__MODULE__{told: now}}
  end

  defp change(same, same, _room_id), do: nil
  defp change(nil, now, room_id), do: state(now, room_id)
  defp change(_told, nil, room_id), do: state(%{}, room_id)

  defp change(told, now, room_id) do
    {"presence_diff", %{room_id: room_id, joins: added(told, now), leaves: added(now, told)}}
  end

  defp state(users, room_id), do: {"presence_state", %{room_id: room_id, users: users}}

  defp added(before, now) do
    for {user_id, marks} <- now,
        new = marks -- Map.get(before, user_id, []),
        new != [],
        into: %{},
        do: {user_id, new}
  end
end
