Code.require_file("deliveries.exs", __DIR__)

defmodule Cantilever.Bench.Chat.BareProcesses do
  @moduledoc """
  What the VM itself takes to deliver messages: processes that send each message to so many others, which count it and do nothing else.

      processes = BareProcesses.start(100_000, &rem(&1, 1_000))
      BareProcesses.say(processes)
      #=> 450_000.0 deliveries/s
      BareProcesses.stop(processes)

  No chat is quicker that has a process for each connection, so its figures are the measure of the chat's. Each group is to have the members that a
  room of the chat has, as it matters where they are: processes that were started one after another lie beside each other, and to send to them
  takes half as long.
  """

  alias Cantilever.Bench.Chat.Deliveries
  alias Cantilever.Chat.Message

  @enforce_keys [:members, :groups, :deliveries]
  defstruct @enforce_keys

  @type t :: %__MODULE__{members: [pid], groups: [pid], deliveries: Deliveries.t()}

  @doc "Starts so many processes, and one more for each group, which sends to all that `group_of` puts into it by their numbers."
  @spec start(pos_integer, (pos_integer -> term)) :: t
  def start(count, group_of) do
    deliveries = Deliveries.new()

    members =
      for number <- 1..count,
          do: {group_of.(number), spawn(fn -> count(deliveries) end)}

    groups =
      for {_group, members} <- Enum.group_by(members, &elem(&1, 0), &elem(&1, 1)),
          # In the order that rooms have them in.
          do: spawn(fn -> members |> Enum.sort() |> pass_on() end)

    pids = Enum.map(members, &elem(&1, 1))
    processes = %__MODULE__{members: pids, groups: groups, deliveries: deliveries}
    # The first one wakes everybody up.
    _woken = say(processes)
    processes
  end

  defp count(deliveries) do
    receive do
      {:messages, _room_id, [{_seq, %Message{}}]} ->
        Deliveries.add(deliveries)
        count(deliveries)
    end
  end

  defp pass_on(members) do
    receive do
      {:say, message} ->
        message = {:messages, message.room_id, [{message.seq, message}]}
        Enum.each(members, &send(&1, message))
        pass_on(members)
    end
  end

  @doc "Has each group send a message, and gives how many deliveries a second it was until all members have counted theirs."
  @spec say(t) :: float
  def say(processes) do
    wanted = Deliveries.count(processes.deliveries) + length(processes.members)
    payload = String.duplicate("x", 100)
    message = %Message{room_id: "room-1", seq: 1, user_id: "user-1", json: payload, at_ms: 0}
    begun_us = System.monotonic_time(:microsecond)
    Enum.each(processes.groups, &send(&1, {:say, message}))
    Deliveries.wait(processes.deliveries, wanted)
    length(processes.members) * 1_000_000 / (System.monotonic_time(:microsecond) - begun_us)
  end

  @spec stop(t) :: :ok
  def stop(%{members: members, groups: groups}),
    do: Enum.each(members ++ groups, &Process.exit(&1, :kill))
end
