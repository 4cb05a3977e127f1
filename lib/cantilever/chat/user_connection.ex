defmodule Cantilever.Chat.UserConnection do
  @moduledoc """
  A connection of a user: one process for each client, which holds the way to it and knows how far it has come in each of its rooms.

      {:ok, connection} = Cantilever.Chat.connect(MyApp.Chat, "ann")
      {:ok, %{seq: 42}} = Cantilever.Chat.UserConnection.join(connection, "lobby", last_seq: 40)
      # pushes the messages 41 and 42, and then those that come

      {:ok, 43} = Cantilever.Chat.UserConnection.broadcast(connection, "lobby", %{text: "Hi!"})

  A user may have many. All are in the chat's registry of users, under the user's id; `Cantilever.Chat.connections/2` lists them.

  ## What it guarantees

  The client gets each message of a room once, in the order of its sequence numbers, from the moment of the join, or after the `last_seq` that it
  joins with. What is not in the store any more, and what is further behind than `replay_limit`, is named by a `"gap"` event
  (`Cantilever.Chat.Transport`) that stands where the messages would.

  A connection watches its rooms. When one crashes, it joins again by itself, after a few milliseconds by chance, so that
  not all come at once. While the store is away it tries again, ever more slowly.

  It stops when its owner does (the process that has called `Cantilever.Chat.connect/3`, or the option `owner`), when its transport says
  `{:error, reason}`, and by `close/1`. Its rooms see that, whatever the cause. Of an owner of thousands they stop some at a time, so that nobody else
  waits for a scheduler meanwhile.

  When nothing has come for `hibernate_after_ms`, it hibernates.
  """

  use GenServer, restart: :temporary

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.UserConnection.State
  alias Cantilever.Idleness

  # What little a process has done that got no message worth staying awake for.
  @idle_reductions 200
  @close_ms 5_000

  # The improper list is how an answer to an alias is tagged, as GenServer.call/3 has it.
  @dialyzer {:no_improper_lists, call: 3}

  @doc false
  @spec start_link({atom, String.t() | nil, pid | nil, {module, term}}) :: GenServer.on_start()
  def start_link(argument) do
    GenServer.start_link(__MODULE__, argument)
  end

  @doc """
  Joins a room, and returns the number of its last message.

  Options:

    * `:last_seq` - the number of the last message that the client has; the ones after it are pushed first. Default: `nil`, none.
    * `:visible` - whether the user is among the room's members. Default: `true`.
    * `:presence` - whether the client is told who is in the room, by `"presence_state"` and `"presence_diff"` (`Cantilever.Chat.Transport`).
      Default: `false`.
    * `:timeout` - in ms, default 5000.

  Who is in the room already gets the number of the last message that was pushed.
  """
  @spec join(pid, String.t(), keyword) ::
          {:ok, %{seq: non_neg_integer}} | {:error, Error.t()}
  def join(connection, room_id, options \\ []) do
    defaults = [last_seq: nil, visible: true, presence: false, timeout: 5_000]
    options = Arguments.options!(options, defaults, "join")

    for key <- [:visible, :presence], not is_boolean(options[key]) do
      raise ArgumentError,
            "the option #{inspect(key)} is true or false, got: #{inspect(options[key])}"
    end

    timeout = Arguments.timeout!(options.timeout)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.sequence(options.last_seq) do
      tag = make_ref()
      wanted = Map.take(options, [:last_seq, :visible, :presence])

      case call(connection, {:join, room_id, wanted, tag}, timeout) do
        {:error, %Error{reason: :unavailable}} = late ->
          # Or it would go on trying, for nobody.
          send(connection, {:give_up, room_id, tag})
          late

        answer ->
          answer
      end
    end
  end

  @doc "Leaves a room. `:ok` also if the connection is not in it."
  @spec leave(pid, String.t()) :: :ok | {:error, Error.t()}
  def leave(connection, room_id) do
    with :ok <- Arguments.room_id(room_id), do: call(connection, {:leave, room_id}, 5_000)
  end

  @doc """
  Sends a message to a room that the connection is in, as its user and not more of them than `messages_per_s`.

  Runs in the calling process, and otherwise like `Cantilever.Chat.broadcast/5`.
  """
  @spec broadcast(pid, String.t(), term, keyword) :: {:ok, pos_integer} | {:error, Error.t()}
  def broadcast(connection, room_id, payload, options \\ []) do
    with :ok <- Arguments.room_id(room_id),
         {:ok, chat, user_id} <- call(connection, {:permit, room_id}, 5_000),
         do: Cantilever.Chat.broadcast(chat, room_id, user_id, payload, options)
  end

  @doc "The ids of the rooms that it is in, or joining."
  @spec rooms(pid) :: [String.t()] | {:error, Error.t()}
  def rooms(connection), do: call(connection, :rooms, 5_000)

  @doc "Closes the connection, which leaves its rooms. `:ok` also if it is closed."
  @spec close(pid) :: :ok
  def close(connection) do
    monitor = Process.monitor(connection)
    send(connection, :close)

    receive do
      {:DOWN, ^monitor, :process, ^connection, _reason} -> :ok
    after
      @close_ms ->
        Process.exit(connection, :kill)
        Process.demonitor(monitor, [:flush])
        :ok
    end
  end

  # Not GenServer.call/3: a connection may be any process that has its state, whatever behaviour runs that.
  defp call(connection, request, timeout) do
    ref = :erlang.monitor(:process, connection, alias: :reply_demonitor)
    send(connection, {:call, {self(), [:alias | ref]}, request})

    receive do
      {[:alias | ^ref], answer} ->
        answer

      {:DOWN, ^ref, :process, _connection, _reason} ->
        error(:unavailable, "the connection #{inspect(connection)} is closed")
    after
      timeout ->
        Process.demonitor(ref, [:flush])

        receive do
          {[:alias | ^ref], answer} -> answer
        after
          0 -> error(:unavailable, "the connection has not answered within #{timeout} ms")
        end
    end
  end

  @impl GenServer
  def init({chat, user_id, owner, transport}) do
    # The registry's partitions are linked to what is registered in them. A connection outlives them.
    Process.flag(:trap_exit, true)

    case chat |> State.new(user_id, transport) |> State.enter(owner) do
      {:ok, state} -> {:ok, stay_awake(state)}
      {:error, error} -> {:stop, {:shutdown, error}}
    end
  end

  @impl GenServer
  def handle_info(message, %{busy: nil} = state), do: handle_info(message, stay_awake(state))

  def handle_info(:look_idle, state) do
    if Idleness.idle?(state.busy, @idle_reductions),
      do: {:noreply, %{state | busy: nil}, :hibernate},
      else: {:noreply, stay_awake(state)}
  end

  def handle_info(message, state) do
    case State.handle(message, state) do
      {:ok, state} -> {:noreply, state}
      {:stop, reason, state} -> {:stop, reason, state}
    end
  end

  @impl GenServer
  def terminate(_reason, state), do: State.leave(state)

  defp stay_awake(state) do
    after_ms = Config.fetch!(state.chat).options.hibernate_after_ms
    %{state | busy: Idleness.look_later(after_ms)}
  end

  # What a crash writes to the log is not what was said.
  @doc false
  def format_status(status) do
    status
    |> Map.replace(:message, :left_out)
    |> Map.update(:state, nil, &%{chat: &1.chat, user_id: &1.user_id, rooms: map_size(&1.rooms)})
  end
end
