defmodule Cantilever.Bench.Chat.BareProcesses do
  @moduledoc """
  What the VM itself takes to deliver messages: processes that send each message to so many others, which count it and do nothing else.

      processes = BareProcesses.start(members: 100_000, groups: 1_000)
      BareProcesses.say(processes, 5)
      #=> 450_000.0 deliveries/s
      BareProcesses.stop(processes)

  No chat is quicker that has a process for each connection, so its figures are the measure of the chat's.
  """

  alias Cantilever.Chat.Message

  # As many as a population has.
  @counters 4_096

  @enforce_keys [:members, :groups, :counters]
  defstruct @enforce_keys

  @type t :: %__MODULE__{members: [pid], groups: [pid], counters: :counters.counters_ref()}

  @doc "Starts the processes, and so many more that send to an equal part of them each."
  @spec start(members: pos_integer, groups: pos_integer) :: t
  def start(members: members, groups: groups) do
    counters = :counters.new(@counters, [:write_concurrency])

    pids =
      for number <- 1..members, do: spawn(fn -> count(counters, rem(number, @counters) + 1) end)

    senders =
      for members <- Enum.chunk_every(pids, div(members, groups)),
          do: spawn(fn -> pass_on(members) end)

    processes = %__MODULE__{members: pids, groups: senders, counters: counters}
    # The first one wakes everybody up.
    _woken = say(processes, 1)
    processes
  end

  defp count(counters, index) do
    receive do
      {:messages, _room_id, [{_seq, %Message{}}]} ->
        :counters.add(counters, index, 1)
        count(counters, index)
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

  @doc "Has each group send so many messages, of which the members have the next when they have all counted one, and gives the deliveries a second."
  @spec say(t, pos_integer) :: float
  def say(processes, messages) do
    begun_us = System.monotonic_time(:microsecond)

    for _message <- 1..messages do
      before = counted(processes)
      message = %Message{room_id: "room-1", seq: 1, user_id: "user-1", json: payload(), at_ms: 0}
      Enum.each(processes.groups, &send(&1, {:say, message}))
      wait(processes, before + length(processes.members))
    end

    messages * length(processes.members) * 1_000_000 /
      (System.monotonic_time(:microsecond) - begun_us)
  end

  defp payload, do: String.duplicate("x", 100)

  defp counted(%{counters: counters}),
    do: Enum.reduce(1..@counters, 0, &(&2 + :counters.get(counters, &1)))

  defp wait(processes, count) do
    if counted(processes) < count, do: receive(after: (1 -> wait(processes, count))), else: :ok
  end

  @spec stop(t) :: :ok
  def stop(%{members: members, groups: groups}),
    do: Enum.each(members ++ groups, &Process.exit(&1, :kill))
end
