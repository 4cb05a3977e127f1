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
  `{:error, reason}`, and by `close/1`. Its rooms see that, whatever the cause.

  When nothing has come for `hibernate_after_ms`, it hibernates.
  """

  use GenServer, restart: :temporary

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Reregistering
  alias Cantilever.Chat.UserConnection.Joining
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Chat.UserConnection.Rate
  alias Cantilever.Chat.UserConnection.Receiving

  # What little a process has done that got no message worth staying awake for.
  @idle_reductions 200

  defstruct [
    :chat,
    :user_id,
    :owner,
    :transport,
    :socket,
    :rate,
    :reregistering,
    rooms: %{},
    joins: 0,
    busy: nil
  ]

  @typedoc false
  @type t :: %__MODULE__{
          chat: atom,
          user_id: String.t() | nil,
          owner: pid | nil,
          transport: module,
          socket: term,
          rate: Rate.t() | nil,
          reregistering: Reregistering.t(),
          rooms: %{String.t() => Membership.t()},
          joins: non_neg_integer,
          # Its reductions when it was last looked at; nil while it is hibernating.
          busy: non_neg_integer | nil
        }

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
    * `:timeout` - in ms, default 5000.

  Who is in the room already gets the number of the last message that was pushed.
  """
  @spec join(pid, String.t(), keyword) ::
          {:ok, %{seq: non_neg_integer}} | {:error, Error.t()}
  def join(connection, room_id, options \\ []) do
    defaults = [last_seq: nil, visible: true, timeout: 5_000]

    %{last_seq: last_seq, visible: visible?, timeout: timeout} =
      Arguments.options!(options, defaults, "join")

    unless is_boolean(visible?),
      do: raise(ArgumentError, "the option :visible is true or false, got: #{inspect(visible?)}")

    timeout = Arguments.timeout!(timeout)

    with :ok <- Arguments.room_id(room_id),
         :ok <- Arguments.sequence(last_seq) do
      tag = make_ref()

      case call(connection, {:join, room_id, last_seq, visible?, tag}, timeout) do
        {:error, %Error{reason: :unavailable}} = late ->
          # Or it would go on trying, for nobody.
          GenServer.cast(connection, {:give_up, room_id, tag})
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
    GenServer.stop(connection)
  catch
    :exit, _gone -> :ok
  end

  defp call(connection, request, timeout) do
    GenServer.call(connection, request, timeout)
  catch
    :exit, {:timeout, _call} ->
      error(:unavailable, "the connection has not answered within #{timeout} ms")

    :exit, _gone ->
      error(:unavailable, "the connection #{inspect(connection)} is closed")
  end

  @impl GenServer
  def init({chat, user_id, owner, {transport, socket}}) do
    # The registry's partitions are linked to what is registered in them. A connection outlives them.
    Process.flag(:trap_exit, true)
    _ = if owner, do: Process.monitor(owner)

    state = %__MODULE__{
      chat: chat,
      user_id: user_id,
      owner: owner,
      transport: transport,
      socket: socket
    }

    {:ok, state |> register() |> stay_awake()}
  end

  # A timer for each time awake, not for each message as the option `hibernate_after` of a GenServer has it: that is a tenth of what a
  # delivery takes.
  @impl GenServer
  def handle_call(request, from, %{busy: nil} = state),
    do: handle_call(request, from, stay_awake(state))

  def handle_call({:join, room_id, last_seq, visible?, tag}, from, state) do
    limit = Config.fetch!(state.chat).options.rooms_per_connection

    case state.rooms do
      %{^room_id => %{place: place} = membership} when place != nil ->
        {:reply, {:ok, %{seq: Membership.last_seq(membership)}}, state}

      %{^room_id => joining} ->
        joining = %{joining | waiting: [{tag, from} | joining.waiting]}
        {:noreply, Joining.put(state, room_id, joining)}

      rooms when map_size(rooms) >= limit ->
        {:reply,
         error(
           :too_many_rooms,
           "the connection is in #{limit} rooms, as rooms_per_connection allows"
         ), state}

      _rooms ->
        membership = %Membership{
          ref: state.joins,
          last_seq: last_seq,
          visible?: visible?,
          waiting: [{tag, from}]
        }

        {:noreply, Joining.ask(%{state | joins: state.joins + 1}, room_id, membership)}
    end
  end

  def handle_call({:leave, room_id}, _from, state),
    do: {:reply, :ok, Joining.leave(state, room_id)}

  def handle_call({:permit, room_id}, _from, state) do
    options = Config.fetch!(state.chat).options
    now_ms = System.monotonic_time(:millisecond)
    rate = state.rate || Rate.new(options.messages_burst, now_ms)

    case state.rooms do
      %{^room_id => %{place: place}} when place != nil ->
        case Rate.take(rate, options.messages_per_s, options.messages_burst, now_ms) do
          {:ok, rate} ->
            {:reply, {:ok, state.chat, state.user_id}, %{state | rate: rate}}

          {:wait, ms, rate} ->
            {:reply,
             error(
               :rate_limited,
               "the connection may send #{options.messages_per_s} messages a second, the next one in #{ms} ms"
             ), %{state | rate: rate}}
        end

      _rooms ->
        {:reply, error(:not_a_member, "the connection is not in the room #{inspect(room_id)}"),
         state}
    end
  end

  def handle_call(:rooms, _from, state), do: {:reply, Map.keys(state.rooms), state}

  @impl GenServer
  def handle_cast(request, %{busy: nil} = state), do: handle_cast(request, stay_awake(state))

  def handle_cast({:give_up, room_id, tag}, state) do
    case state.rooms do
      %{^room_id => %{place: nil} = joining} ->
        joining = %{joining | waiting: List.keydelete(joining.waiting, tag, 0)}
        state = Joining.put(state, room_id, joining)

        if joining.new? and joining.waiting == [],
          do: {:noreply, Joining.leave(state, room_id)},
          else: {:noreply, state}

      _has_joined_or_left ->
        {:noreply, state}
    end
  end

  @impl GenServer
  def handle_info(message, %{busy: nil} = state), do: handle_info(message, stay_awake(state))

  def handle_info(:look_idle, state) do
    if reductions() - state.busy < @idle_reductions,
      do: {:noreply, %{state | busy: nil}, :hibernate},
      else: {:noreply, stay_awake(state)}
  end

  def handle_info({:messages, [%{room_id: room_id, seq: seq} = message | more]}, state) do
    case state.rooms do
      %{^room_id => %{place: place} = membership} when place != nil ->
        # What nearly always comes makes no garbage: that is half of what a delivery takes.
        if more == [] and seq == Membership.last_seq(membership) + 1 do
          case Receiving.push(state, "message", message) do
            :ok ->
              _same = Membership.at(membership, seq)
              {:noreply, state}

            {:error, reason} ->
              transport_failed(reason, state)
          end
        else
          state
          |> Receiving.messages(room_id, membership, [message | more])
          |> received(state, room_id)
        end

      _has_left ->
        {:noreply, state}
    end
  end

  def handle_info({:joined, room_id, ref, home, place, seq, missed}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        joined(state, room_id, Joining.watch(membership, home), place, seq, missed)

      _has_left ->
        send(home, {:leave, self(), ref})
        {:noreply, state}
    end
  end

  def handle_info({:dropped, room_id, ref, home}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        %{last_seq: last_seq} = Joining.abandon(membership)
        state = %{state | rooms: Map.delete(state.rooms, room_id)}
        event = %{room_id: room_id, reason: :lagging, last_seq: last_seq}

        case Receiving.push(state, "dropped", event) do
          :ok -> {:noreply, state}
          {:error, reason} -> transport_failed(reason, state)
        end

      _has_left ->
        send(home, {:leave, self(), ref})
        {:noreply, state}
    end
  end

  def handle_info({:DOWN, _monitor, :process, owner, _reason}, %{owner: owner} = state),
    do: {:stop, :normal, state}

  def handle_info({:DOWN, monitor, :process, _home, _reason}, state) do
    case Enum.find(state.rooms, fn {_id, membership} -> membership.monitor == monitor end) do
      {room_id, membership} -> {:noreply, Joining.later(state, room_id, membership)}
      nil -> {:noreply, state}
    end
  end

  def handle_info({:join_again, room_id, ref}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        {:noreply, Joining.ask(state, room_id, membership)}

      _has_left ->
        {:noreply, state}
    end
  end

  def handle_info({:EXIT, _registry, _reason}, state),
    do: {:noreply, %{state | reregistering: Reregistering.lost(state.reregistering)}}

  def handle_info({:register_again, when_set}, state) do
    state = %{state | reregistering: Reregistering.due(state.reregistering, when_set)}
    {:noreply, register(state)}
  end

  def handle_info(_late_answer, state), do: {:noreply, state}

  defp stay_awake(state) do
    Process.send_after(self(), :look_idle, Config.fetch!(state.chat).options.hibernate_after_ms)
    %{state | busy: reductions()}
  end

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end

  # What a crash writes to the log is not what was said.
  @doc false
  def format_status(status) do
    status
    |> Map.replace(:message, :left_out)
    |> Map.update(:state, nil, &%{chat: &1.chat, user_id: &1.user_id, rooms: map_size(&1.rooms)})
  end

  defp joined(state, room_id, membership, place, seq, missed) do
    Joining.answer(membership, {:ok, %{seq: seq}})

    # A client cannot have what the room does not have yet. What was pushed to it, it has.
    last_seq =
      if membership.new?, do: min(membership.last_seq || seq, seq), else: membership.last_seq

    membership = Membership.enter(membership, place, last_seq)

    case missed do
      :read_store -> Receiving.replay(state, room_id, membership, seq)
      messages -> Receiving.messages(state, room_id, membership, messages)
    end
    |> received(state, room_id)
  end

  defp received({:ok, membership}, state, room_id),
    do: {:noreply, Joining.put(state, room_id, membership)}

  # While the store is away, the connection leaves, and joins again later from where it is.
  defp received({:unavailable, membership}, state, room_id),
    do: {:noreply, Joining.later(state, room_id, Joining.abandon(membership))}

  defp received({:error, reason}, state, _room_id), do: transport_failed(reason, state)

  defp transport_failed(reason, state),
    do: {:stop, {:shutdown, {:transport, reason}}, state}

  defp register(state) do
    registry = Config.fetch!(state.chat).user_registry
    # Who has no user is there to be counted.
    key = state.user_id || self()

    # The registry lets a process register the same key many times.
    registered? = Enum.any?(Registry.lookup(registry, key), &(elem(&1, 0) == self()))

    {:ok, _partition} =
      if registered?,
        do: {:ok, nil},
        else: Registry.register(registry, key, state.owner)

    state
  rescue
    # It is being restarted.
    ArgumentError -> %{state | reregistering: Reregistering.soon(state.reregistering)}
  end
end
