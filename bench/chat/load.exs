Code.require_file("../support/processes.exs", __DIR__)

defmodule Cantilever.Bench.Chat.Load do
  @moduledoc """
  Senders and subscribers of a chat, who write down all that they see before they go on.

      load = Cantilever.Bench.Chat.Load.start(MyApp.Chat, rooms: ["a", "b"], senders: senders, log: "log.txt")
      Cantilever.Bench.Chat.Load.stop(load)

  A line goes to the file by one system call, so that it is there when the node is killed in the next moment. What a user's message with a number
  is and to which room it goes follows from the two, so that it can be sent again and be recognised in the database.
  """

  alias Cantilever.Bench.Processes
  alias Cantilever.Chat

  @pause_ms 5
  @longest 3_000

  @typedoc "A user, the number of the first message, and whether messages have an id, by which they are sent again after an error."
  @type sender :: {user_id :: String.t(), first :: pos_integer, ids? :: boolean}

  @type t :: %{processes: [pid], counts: :atomics.atomics_ref()}

  @doc """
  Starts a process for each sender, and one for each room. Options: `:rooms`, `:senders`; `:log`, the file, none by default; `:subscribe`, true by default; `:timeout` in ms; `:pause` in ms
  between the messages of a sender; and `:told`, which is called with the number of acknowledgements after each.
  """
  @spec start(atom, keyword) :: t
  def start(chat, options) do
    load = %{
      chat: chat,
      rooms: List.to_tuple(options[:rooms]),
      log: options[:log],
      timeout: options[:timeout] || 5_000,
      pause: options[:pause] || 0,
      told: options[:told] || fn _count -> :ok end,
      counts: :atomics.new(2, [])
    }

    subscribed = if options[:subscribe] == false, do: [], else: options[:rooms]
    subscribers = for room <- subscribed, do: start_subscriber(load, room)
    senders = for sender <- options[:senders], do: spawn(fn -> send_first(load, sender) end)
    %{processes: senders ++ subscribers, counts: load.counts}
  end

  @doc "Stops all of them, in the middle of what they do."
  @spec stop(t) :: :ok
  def stop(%{processes: processes}), do: Enum.each(processes, &Processes.kill/1)

  @spec acknowledged(t) :: non_neg_integer
  def acknowledged(load), do: :atomics.get(load.counts, 1)

  @doc "How many times a sender got an error."
  @spec refused(t) :: non_neg_integer
  def refused(load), do: :atomics.get(load.counts, 2)

  @doc "The room to which a message goes."
  @spec room(tuple, String.t(), pos_integer) :: String.t()
  def room(rooms, user_id, number),
    do: elem(rooms, :erlang.phash2({user_id, number}, tuple_size(rooms)))

  @doc "Its payload: short ones, and some that need pages of their own."
  @spec payload(String.t(), pos_integer) :: [term]
  def payload(user_id, number) do
    size = :erlang.phash2({number, user_id}, @longest)
    [number, String.duplicate("x", if(rem(number, 8) == 0, do: size, else: rem(size, 50)))]
  end

  @doc "Its id, if the user's messages have one."
  @spec id(pos_integer, boolean) :: String.t() | nil
  def id(number, true), do: "id #{number}"
  def id(_number, false), do: nil

  defp start_subscriber(load, room) do
    starter = self()

    pid =
      spawn(fn ->
        {:ok, _connection} = Chat.subscribe(load.chat, room)
        send(starter, {self(), :subscribed})
        subscribed(open(load))
      end)

    receive do
      {^pid, :subscribed} -> pid
    end
  end

  defp subscribed(file) do
    receive do
      {:cantilever_chat, "message", %{room_id: room, seq: seq, user_id: user} = message} ->
        note(file, [:delivered, room, seq, user, hd(Chat.Message.payload!(message))])

      {:cantilever_chat, event, %{room_id: room}} ->
        note(file, [:lost, room, 0, event, 0])
    end

    subscribed(file)
  end

  defp send_first(load, {user, first, ids?}), do: send_on(load, open(load), user, first, ids?)

  defp send_on(load, file, user, number, ids?) do
    room = room(load.rooms, user, number)
    note(file, [:sent, room, 0, user, number])

    case Chat.broadcast(load.chat, room, user, payload(user, number),
           id: id(number, ids?),
           timeout: load.timeout
         ) do
      {:ok, seq} ->
        note(file, [:acknowledged, room, seq, user, number])
        load.told.(:atomics.add_get(load.counts, 1, 1))
        if load.pause > 0, do: pause(load.pause)
        send_on(load, file, user, number + 1, ids?)

      {:error, error} ->
        note(file, [:refused, error.reason, 0, user, number])
        :atomics.add(load.counts, 2, 1)
        pause(@pause_ms)
        send_on(load, file, user, if(ids?, do: number, else: number + 1), ids?)
    end
  end

  defp pause(ms), do: receive(after: (ms -> :ok))

  defp open(%{log: nil}), do: nil

  defp open(load) do
    {:ok, file} = :file.open(load.log, [:append, :raw, :binary])
    file
  end

  defp note(nil, _fields), do: :ok

  defp note(file, fields) do
    line = fields |> Enum.map(&to_string/1) |> Enum.intersperse(?\t)
    :ok = :file.write(file, [line, ?\n])
  end
end
