defmodule Cantilever.Bench.Chat.Hostile do
  @moduledoc """
  Calls of a chat with what nobody should call it with, each with the error that it must give.
  """

  alias Cantilever.Chat
  alias Cantilever.Chat.UserConnection
  alias Cantilever.DatabaseWorker

  @huge 100_000_000
  @room "hostile"
  @user "mallory"

  @bystander "bystander"

  @type attempt :: {what :: String.t(), (atom -> term), reason :: atom}

  @typedoc """
  What came of it: attempts that gave something else than they should, messages that were stored all the same, texts that did not come back as
  they were, and the round trips of somebody who sends messages all the while.
  """
  @type found :: %{
          attempts: pos_integer,
          unexpected: [term],
          stored: non_neg_integer,
          changed: [String.t()],
          bystander_ms: [float]
        }

  @doc "Makes all attempts on a chat of their own, with its database in the folder."
  @spec run(Path.t()) :: found
  def run(folder) do
    chat = :"#{__MODULE__}#{System.unique_integer([:positive])}"
    store = {Chat.Store.SQLite, path: Path.join(folder, "hostile.db")}

    {:ok, supervisor} =
      Supervisor.start_link([{Chat, name: chat, store: store}], strategy: :one_for_one)

    bystander = Task.async(fn -> stand_by(chat, []) end)
    attempts = attempts()
    unexpected = for attempt <- attempts, found = attempt(chat, attempt), found != :ok, do: found
    send(bystander.pid, :enough)
    bystander_ms = Task.await(bystander, :infinity)

    rows =
      DatabaseWorker.query!(
        Module.concat(chat, Database),
        "SELECT count(*) FROM cantilever_messages"
      ).rows

    changed = changed(chat)
    Supervisor.stop(supervisor)

    %{
      attempts: length(attempts),
      unexpected: unexpected,
      stored: hd(hd(rows)) - length(bystander_ms),
      changed: changed,
      bystander_ms: bystander_ms
    }
  end

  defp stand_by(chat, times) do
    begun = System.monotonic_time(:microsecond)
    {:ok, _seq} = Chat.broadcast(chat, @bystander, @bystander, length(times), timeout: 60_000)
    times = [(System.monotonic_time(:microsecond) - begun) / 1_000 | times]

    receive do
      :enough -> times
    after
      1 -> stand_by(chat, times)
    end
  end

  # Each is a room, in which the user and the id of that name have said it.
  defp changed(chat) do
    for text <- texts(), do: {:ok, 1} = Chat.broadcast(chat, text, text, text, id: text)

    for text <- texts(),
        {:ok, messages} = Chat.history(chat, text),
        not match?([%{room_id: ^text, user_id: ^text, id: ^text, seq: 1}], messages) or
          Chat.Message.payload!(hd(messages)) != text,
        do: text
  end

  @doc "All attempts; the reason is `:argument_error` where the call must raise."
  @spec attempts() :: [attempt]
  def attempts, do: Enum.concat([ids(), payloads(), numbers(), options()])

  @doc "Makes an attempt in a process of its own; `:ok`, or what came of it instead."
  @spec attempt(atom, attempt) :: :ok | {:unexpected, String.t(), term}
  def attempt(chat, {what, call, reason}) do
    {pid, monitor} = spawn_monitor(fn -> exit({:came_to, outcome(call, chat)}) end)

    receive do
      {:DOWN, ^monitor, :process, ^pid, {:came_to, ^reason}} -> :ok
      {:DOWN, ^monitor, :process, ^pid, other} -> {:unexpected, what, other}
    end
  end

  @doc "What is text like any other, however it looks: rooms, users, ids and payloads that are kept as they are."
  @spec texts() :: [String.t()]
  def texts do
    [
      "'; DROP TABLE cantilever_messages; --",
      "\" OR 1=1; DELETE FROM cantilever_messages; --",
      "?1",
      ":room",
      "$user",
      "%s%n",
      "NULL",
      "x'00'",
      "a\0b",
      "a\0c",
      "\0",
      "a",
      "a ",
      "A",
      "../../etc/passwd",
      "\u202E\u0000\uFEFF",
      "e\u0301",
      "\u00E9",
      "\r\n\t"
    ]
  end

  defp outcome(call, chat) do
    case call.(chat) do
      # A message to read, and not the 100 MB that were wrong.
      {:error, %Chat.Error{reason: reason, message: message}} when byte_size(message) < 1_000 ->
        reason

      other ->
        {:returned, inspect(other, limit: 5, printable_limit: 200)}
    end
  rescue
    error in ArgumentError ->
      if byte_size(error.message) < 1_000, do: :argument_error, else: :long_message
  end

  defp no_texts do
    [
      nil,
      :lobby,
      1,
      1.5,
      "",
      ~c"lobby",
      ["lobby"],
      {"lobby"},
      %{},
      self(),
      make_ref(),
      &no_texts/0,
      <<255, 254>>,
      "a" <> <<0xC0>>,
      <<0xED, 0xA0, 0x80>>,
      <<1::3>>,
      String.duplicate("x", 256),
      String.duplicate("é", 128),
      String.duplicate("x", @huge),
      List.duplicate(1, 1_000_000)
    ]
  end

  defp ids do
    rooms = [
      {"broadcast", &Chat.broadcast(&1, &2, @user, 1)},
      {"join", &Chat.join(&1, &2, @user)},
      {"leave", &Chat.leave(&1, &2, @user)},
      {"members", &Chat.members(&1, &2)},
      {"history", &Chat.history(&1, &2)},
      {"subscribe", &Chat.subscribe(&1, &2)},
      {"a connection's join",
       &on_connection(&1, fn connection -> UserConnection.join(connection, &2) end)},
      {"a connection's broadcast",
       &on_connection(&1, fn connection -> UserConnection.broadcast(connection, &2, 1) end)}
    ]

    users = [
      {"broadcast", &Chat.broadcast(&1, @room, &2, 1)},
      {"connect", &Chat.connect(&1, &2)},
      {"join", &Chat.join(&1, @room, &2)},
      {"leave", &Chat.leave(&1, @room, &2)},
      {"connections", &Chat.connections(&1, &2)}
    ]

    ids = [{"broadcast", &Chat.broadcast(&1, @room, @user, 1, id: &2)}]

    calls(rooms, no_texts(), "room id", :invalid_room_id) ++
      calls(users, no_texts(), "user id", :invalid_user_id) ++
      calls(ids, no_texts() -- [nil], "message id", :invalid_message_id)
  end

  defp payloads do
    broadcast = [{"broadcast", &Chat.broadcast(&1, @room, @user, &2)}]
    text = String.duplicate("x", @huge)

    too_large = [
      text,
      %{text: text},
      List.duplicate(1, 1_000_000),
      %{String.duplicate("k", 100_000) => 1}
    ]

    invalid = [
      <<255, 254>>,
      %{"a" => [<<0xC0>>]},
      %{<<0xFF>> => 1},
      self(),
      make_ref(),
      &no_texts/0,
      {1, 2},
      [1 | 2],
      <<1::3>>,
      text <> <<255>>
    ]

    calls(broadcast, too_large, "payload", :payload_too_large) ++
      calls(broadcast, invalid, "payload", :invalid_payload)
  end

  defp numbers do
    wrong = [-1, -@huge, 1.5, "1", :all, [], 0x8000_0000_0000_0000, Integer.pow(2, 10_000)]

    limits = [{"history", &Chat.history(&1, @room, limit: &2)}]

    sequences = [
      {"history", &Chat.history(&1, @room, before: &2)},
      {"join", &Chat.join(&1, @room, @user, last_seq: &2)},
      {"subscribe", &Chat.subscribe(&1, @room, last_seq: &2)}
    ]

    calls(limits, wrong ++ [0, 1_001, nil], "limit", :invalid_limit) ++
      calls(sequences, wrong, "sequence number", :invalid_sequence)
  end

  defp options do
    timeouts = [
      {"broadcast", &Chat.broadcast(&1, @room, @user, 1, timeout: &2)},
      {"join", &Chat.join(&1, @room, @user, timeout: &2)}
    ]

    any = [
      {"broadcast", &Chat.broadcast(&1, @room, @user, 1, &2)},
      {"history", &Chat.history(&1, @room, &2)},
      {"join", &Chat.join(&1, @room, @user, &2)},
      {"leave", &Chat.leave(&1, @room, @user, &2)},
      {"connect", &Chat.connect(&1, @user, &2)},
      {"subscribe", &Chat.subscribe(&1, @room, &2)}
    ]

    calls(timeouts, [-1, 1.5, "1", nil, 0x1_0000_0000], "timeout", :argument_error) ++
      calls(any, [:no_list, %{limit: 1}, [1], [unknown: 1]], "options", :argument_error)
  end

  defp calls(calls, values, what, reason) do
    for {name, call} <- calls, value <- values do
      {"#{name} with the #{what} #{shown(value)}", &call.(&1, value), reason}
    end
  end

  defp on_connection(chat, fun) do
    {:ok, connection} = Chat.connect(chat, @user)
    result = fun.(connection)
    UserConnection.close(connection)
    result
  end

  defp shown(value) when is_integer(value) and value > 0xFFFF_FFFF_FFFF_FFFF, do: "a huge one"
  defp shown(value), do: inspect(value, limit: 3, printable_limit: 30)
end
